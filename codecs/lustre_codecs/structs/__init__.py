"""C structs and unions that travel or are kept on disk, by subject, each once through all releases."""
