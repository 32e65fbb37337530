"""The editor's render without an editor: clips, projects and edits in files; videos and pictures out."""
