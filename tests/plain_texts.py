"""Texts that every tokenizer gives back as they are."""

PLAIN = [
    "The committee reviewed the proposal for a new bridge across the northern river during its spring meeting.",
    "Don't worry: 1,234 farmers have seen 56% more rain, and won't complain (at least not before autumn).",
    "A pod of grey whales passed the lighthouse on Tuesday, watched by two hundred delighted tourists.",
]
