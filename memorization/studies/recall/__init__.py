"""Studies of kind `recall`: how many known disguises of the true suffixes the detector finds."""
