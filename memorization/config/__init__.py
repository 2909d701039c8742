"""The typed configuration: the one source of keys, defaults, checks, JSON Schema and reference page.

These models only contain values. The stage that receives a value decides what it does, and the values that a stage
receives are parameters of its rule; so nothing here may compute anything that changes a result.
"""
