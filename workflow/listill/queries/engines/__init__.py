"""What runs a language model: a server, transformers in this process, or vLLM in a process of its own."""
