"""The recipe `large`: all-MiniLM-L6-v2, fine-tuned on the teacher's answers and features."""

from dataclasses import replace

from training.regression.fitting import seed_everything
from training.text.config import TextConfig
from training.text.corpus import Corpus
from training.text.recipes.distilled import distilled_examples, teacher_of, tokenizer_of
from training.text.student.pretrained import load_minilm
from training.text.student.training import train_pretrained
from training.text.trained import TrainedText


def train(config: TextConfig, corpus: Corpus, verbose: bool) -> TrainedText:
    """Train on what the recipe `distilled` learns from, too; same config and corpus, same network.

    Raises:
        AmbianceError: if the pretrained encoder isn't installed.
        DataError: if the teacher's features aren't as wide as the network's embedding.
    """
    config = replace(config, network=config.large_network, fit=config.large_fit)
    teacher, pretrained = teacher_of(corpus), load_minilm()
    seed_everything(config.seed)
    tokenizer = tokenizer_of(teacher)
    examples = distilled_examples(config, corpus.lessons, teacher, tokenizer)
    trained = train_pretrained(config, corpus, tokenizer, pretrained, examples, verbose)
    return replace(trained, pretrained=pretrained.digests)
