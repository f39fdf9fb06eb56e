"""What keeps a drill from doing more harm than it says: the undo journal and the lock on the target."""
