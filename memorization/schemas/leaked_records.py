"""Table `leaked_records`."""

from __future__ import annotations

from memorization.schemas.schema import BOOL, INT32, INT64, TEXT, Column, Nullable, Schema


class LeakedRecordsColumns(Schema):
    """What is known of a training record that came back."""

    severity = Column(INT32, "")
    """place in the order of severity, from 1: records of which entities leaked come first; then by category, verbatim
    before paraphrase before idea; then by the longest run in characters, the longest first; then by prompts
    """
    dataset = Column(TEXT, "")
    """dataset"""
    id = Column(TEXT, "")
    """identifier of the dataset's row"""
    file = Nullable(TEXT, "")
    """file of the training data that the record is in, below its common folder; null where the source has no files"""
    row = Column(INT64, "")
    """number of the record's row in that file, or in the source, from 0; a heading and blank lines do not count"""
    turn = Nullable(INT32, "")
    """number of the turn that is the record's target, from 0; null where rows are no conversations"""
    sides = Column(TEXT, "")
    """what of it came back, with commas between: input, target, both (input and target as one text)"""
    category = Column(TEXT, "")
    """strongest category of its matches, as in `outcomes`"""
    copies = Column(INT32, "records")
    """training records with the text that came back, itself included; of several such texts the most frequent one"""
    prompts = Column(INT32, "prompts")
    """different prompts that gave it back, of all runs"""
    decodings = Column(INT32, "decodings")
    """different decodings that gave it back"""
    promptings = Column(INT32, "promptings")
    """different promptings that gave it back"""
    prefix_lengths = Column(INT32, "prefix lengths")
    """different prefix lengths that gave it back"""
    longest_run_characters = Column(INT32, "characters")
    """longest text that it and a generation that it matches both contain, letter by letter"""
    longest_run_words = Column(INT32, "words")
    """most words in a row that both contain; words are what stands between white space"""
    own_prompt = Column(BOOL, "")
    """a prompt of the record, or of one with the same text, gave it back"""
    other_prompt = Column(BOOL, "")
    """a prompt of another record gave it back"""
    base = Nullable(BOOL, "")
    """the base model gave it back, too; null where it was not asked"""
    entities = Nullable(INT32, "entities")
    """different entities that leaked: in the matched passage and in the generation, and not in the prompt; null where
    none are looked for
    """
    entity_types = Column(TEXT, "")
    """types of these entities, each once, with commas between; empty without any"""


class LeakedRecordsTable(LeakedRecordsColumns):
    """Training records that came back in an audit's runs, the most severe first: one row per record."""

    name = "leaked_records"
