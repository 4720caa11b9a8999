"""Network: the torch module and its layers."""
