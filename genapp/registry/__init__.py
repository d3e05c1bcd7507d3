"""Which models exist (`catalog`), where their bytes are (`store`), how they run (`engines`)."""
