"""Answer by a small convolutional network on images."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from certvote.learners.base import Learner
from certvote.options import Label, choice, option

if TYPE_CHECKING:
    from certvote.learners.ensemble import Members


@choice("learner", "network")
class Network(Learner):
    """A small convolutional network on images, trained with distorted copies of a member's own examples."""

    width: int = option("learned filters", least=1, most=2**15)
    steps: int = option("minibatches per member", least=1, most=10**6)
    batch: int = option("examples per minibatch", least=1, most=2**15)
    rate: float = option("learning rate of Adam; it rises at first and falls along a cosine", least=1e-9, most=1)
    decay: float = option("weight decay", least=0, most=1)
    copies: int = option("the example itself and copies - 1 distorted ones", least=1, most=2**15)
    shift: float = option("distortion: largest shift in pixels", least=0, most=1000)
    rotation: float = option("distortion: largest rotation in degrees", least=0, most=180)
    stretch: float = option(
        "distortion: largest relative stretch of height and width; slant up to twice", least=0, most=2
    )
    flip: bool = option("left and right exchanged at random: for objects, not for digits")

    label = Label("convolutional network", short="network", order=2)
    inputs = "images"
    slow = True

    def fit(self, inputs: Any, labels: Any, subsets: Any, **settings: Any) -> Members:
        from certvote.learners.network_members import fit_network

        return fit_network(inputs, labels, subsets, network=self, **settings)
