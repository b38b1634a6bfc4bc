"""The project's tests. A package, since one of the tools brings a package of the same name."""
