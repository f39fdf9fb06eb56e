"""Azure Storage on the stage: accounts of blobs in two regions, each copy a process with its own files."""
