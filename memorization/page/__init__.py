"""The page that one opens first: everything a run found, in one file that needs no network and no server."""
