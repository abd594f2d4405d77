"""The engines that run a language model: a server, transformers in this process, or vLLM in its own process."""
