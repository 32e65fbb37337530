"""A film of one's own becomes a clip: decoded, labelled, its motion and objects found, written."""
