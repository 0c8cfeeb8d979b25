"""The follower `tiled`: writes runs into a Tiled catalogue, in the layout of bluesky's TiledWriter."""
