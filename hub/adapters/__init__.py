"""The only places that import the libraries of stores, containers and repositories."""
