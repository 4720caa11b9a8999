"""Published figures of the same tasks, with their sources."""

from typing import NamedTuple


class Published(NamedTuple):
    """Figure of a paper.

    Attributes
    ----------
    corpus : str
        The name on the command line.
    system : str
    figure : float
    condition : str
        What differs from this benchmark: training texts, pretraining.
    source : str
    metric : {"accuracy", "macro_f1"}
    """

    corpus: str
    system: str
    figure: float
    condition: str
    source: str
    metric: str = "accuracy"


PRETRAINED = "pretrained on other texts"
FURTHER = "pretrained on other texts, then on those of the task"
OFFICIAL_AG_NEWS = "120,000 training texts"
ALL_OF_AMAZON = "3,600,000 training texts, 400,000 test texts"

PUBLISHED = [
    Published("imdb", "NBSVM, bigrams", 0.9122, "", "Wang and Manning 2012, ACL, P12-2018"),
    Published(
        "imdb", "BERT-base, fine-tuned", 0.9563, FURTHER, "Sun et al. 2019, arXiv:1905.05583"
    ),
    Published(
        "ag_news",
        "fastText, bigrams",
        0.925,
        OFFICIAL_AG_NEWS,
        "Joulin et al. 2017, arXiv:1607.01759",
    ),
    Published(
        "ag_news",
        "BERT-base, fine-tuned",
        0.952,
        f"{OFFICIAL_AG_NEWS}; {FURTHER}",
        "Sun et al. 2019, arXiv:1905.05583",
    ),
    Published(
        "amazon_polarity",
        "fastText, bigrams",
        0.946,
        ALL_OF_AMAZON,
        "Joulin et al. 2017, arXiv:1607.01759",
    ),
    Published(
        "amazon_polarity",
        "BERT-large, fine-tuned",
        0.9737,
        f"{ALL_OF_AMAZON}; {PRETRAINED}",
        "Xie et al. 2020, arXiv:1904.12848",
    ),
    Published(
        "banking77",
        "USE, frozen, and a classifier",
        0.9281,
        PRETRAINED,
        "Casanueva et al. 2020, arXiv:2003.04807",
    ),
    Published(
        "banking77",
        "BERT-large, fine-tuned",
        0.9366,
        PRETRAINED,
        "Casanueva et al. 2020, arXiv:2003.04807",
    ),
    Published(
        "germeval2018",
        "TUWienKBS, best of the shared task",
        0.7677,
        "word vectors pretrained on other texts",
        "Wiegand et al. 2018, Proceedings of GermEval 2018",
        "macro_f1",
    ),
    Published(
        "germeval2018",
        "GELECTRA-large, fine-tuned",
        0.8070,
        PRETRAINED,
        "Chan et al. 2020, arXiv:2010.10906",
        "macro_f1",
    ),
    Published(
        "sms_spam",
        "linear SVM",
        0.9764,
        "the first 30 % as training texts, the rest as test texts",
        "Almeida et al. 2011, doi:10.1145/2034691.2034742",
    ),
]
