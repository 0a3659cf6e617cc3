"""The API formats: how a request is written, an answer read, and a conversation carried on with the results of tools."""
