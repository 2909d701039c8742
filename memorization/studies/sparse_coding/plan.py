"""Studies of kind `sparse_coding`: their settings, table and figure."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from memorization import plan
from memorization.config.project import Project
from memorization.studies.kind import Exhibit, Inputs, Study, own_table, study_settings


def _table_inputs(config: Project, study: SparseCoding, name: str) -> Inputs:
    return {"fits": plan.SPARSE_CODING.format(study=name)}


EXHIBITS = (
    Exhibit("table", _table_inputs, study_settings, without=("titles",)),
    Exhibit("figure", own_table, without=("titles",)),
)


class SparseCoding(Study):
    """The sparse coding model of Section 6.1 and Appendix A as an experiment, without models and datasets."""

    EXHIBITS: ClassVar[tuple[Exhibit, ...]] = EXHIBITS

    kind: Literal["sparse_coding"] = Field(description="Fixed: `sparse_coding`.", examples=["sparse_coding"])
    embedding: int = Field(16, ge=1, description="Length of an embedding (d).", examples=[16])
    tokens: int = Field(12, ge=2, description="Tokens of a text (D).", examples=[12])
    embedding_features: int = Field(
        12, ge=1, description="Rows of the hidden features X (k); at most d.", examples=[12]
    )
    token_features: int = Field(8, ge=2, description="Columns of the hidden features X (K); at most D.", examples=[8])
    nonzeros: list[int] = Field(
        [1, 2, 4, 8, 12],
        min_length=1,
        description="Tokens on which the classification depends: nonzeros of b'; at most D.",
        examples=[[1, 4, 12]],
    )
    signs: list[Literal["mixed", "positive"]] = Field(
        ["mixed", "positive"],
        min_length=1,
        description="Signs of the nonzeros of b': attention weights have none.",
        examples=[["mixed"]],
    )
    feature_means: list[Annotated[float, Field(ge=0)]] = Field(
        [0.0, 2.0],
        min_length=1,
        description="Spread of the means of hidden features, in standard deviations of a feature about its mean: at 0 "
        "the embeddings of all positions look alike, above it a position is known by its embedding.",
        examples=[[0.0]],
    )
    samples: int = Field(2000, ge=2, description="Texts learned from.", examples=[2000])
    test_samples: int = Field(1000, ge=2, description="Further texts, on which everything is measured.", examples=[500])
    seeds: int = Field(5, ge=1, description="Repetitions, over which intervals are taken.", examples=[10])
    starts: int = Field(
        3, ge=1, description="Random starts of each attention layer; the least training loss counts.", examples=[3]
    )
    steps: int = Field(400, ge=1, description="Optimizer steps of an attention layer.", examples=[1000])
    batch_size: int = Field(32, ge=1, description="Texts per step.", examples=[64])
    learning_rate: float = Field(
        0.02, gt=0, description="First learning rate of Adam; it falls linearly to 0.", examples=[0.01]
    )

    @model_validator(mode="after")
    def _sizes_fit(self) -> SparseCoding:
        for small, large in (("embedding_features", "embedding"), ("token_features", "tokens")):
            if getattr(self, small) > getattr(self, large):
                raise ValueError(
                    f"`{small}` is {getattr(self, small)} and `{large}` {getattr(self, large)}: there can be no more "
                    f"`{small}` than that"
                )
        wrong = [count for count in self.nonzeros if not 1 <= count <= self.tokens]
        if wrong:
            raise ValueError(f"`nonzeros` has {wrong[0]}: it takes numbers from 1 to `tokens` ({self.tokens})")
        return self
