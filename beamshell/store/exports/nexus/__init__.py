"""NeXus files of runs, in HDF5: entry, plot, streams, instrument, pictures. It reads documents, and changes none."""
