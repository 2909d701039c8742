"""The metric that measures quality at a task, and its name."""

METRICS = {
    "summarization": "rougeL",
    "dialog": "rougeL",
    "sentiment": "accuracy",
    "classification": "accuracy",
    "qa": "f1",
    "translation": "bleu",
}
"""Metric of the schema `quality` by task."""

METRIC_NAMES = {"rougeL": "ROUGE-L", "accuracy": "accuracy", "f1": "F1", "bleu": "BLEU"}
