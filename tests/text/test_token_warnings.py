"""Warnings of training texts whose tokens are no words, or mostly unknown."""

import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.pipeline import make_pipeline

from sklearn_rnn import TextTokenizer, WordVectors
from sklearn_rnn.baselines import nb_svm
from sklearn_rnn.datasets import read_texts

CHINESE = ["这家店的菜很好吃,下次还会再来", "送餐太慢了,饭都凉了,差评"]
SENTENCES = {
    "Chinese or Japanese": CHINESE,
    "Thai": ["ฉันชอบอาหารร้านนี้มากเพราะรสชาติอร่อยและบริการดี", "ราคาแพงไปหน่อยแต่คุ้มค่า"],
    "Lao": ["ມະນຸດທຸກຄົນເກີດມາມີກຽດສັກສີ, ສິດທິ, ເສລີພາບແລະຄວາມສະເໝີພາບເທົ່າທຽມກັນ"],
    "Burmese": ["လူတိုင်းသည်တူညီလွတ်လပ်သောဂုဏ်သိက္ခာဖြင့်လည်းကောင်း"],
    "Khmer": ["បុគ្គលគ្រប់រូបមានសិទ្ធិមានសេរីភាពក្នុងការគិត"],
    "Tibetan": ["འགྲོབམིའིརིགསརྒྱུདཡོངསལསྐྱེསཙམཉིདནས"],  # without the mark between syllables
}
# Words with spaces between them, as a segmenter or the language itself separates them.
SEPARATED = {
    "Chinese": "这 家 店 的 菜 很 好吃 , 下次 还 会 再 来",
    "Japanese": "すべて の 人間 は 生まれ ながら に し て 自由 で あり 、 コンピューター を 使う",
    "Thai": "ฉัน ชอบ อาหาร ร้าน นี้ มาก เพราะ รสชาติ อร่อย และ บริการ ดี มหาวิทยาลัย",
    "Tibetan": "འགྲོ་བ་མིའི་རིགས་རྒྱུད་ཡོངས་ལ་སྐྱེས་ཙམ་ཉིད་ནས་ཆེ་མཐོངས་དང༌།",
    "Korean": "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다",
    "Hindi": "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है",
    "German": "Donaudampfschifffahrtsgesellschaft und Rechtsschutzversicherungsgesellschaften",
}


def run_message(share, script):
    return re.escape(
        f"{share}% of the characters of the training texts are in tokens longer than a word, of a "
        f"script written without spaces ({script}). Such tokens hardly ever occur again. Pass "
        'analyzer="char", or a callable that splits the texts into words.'
    )


@pytest.mark.parametrize(("script", "sentences"), SENTENCES.items())
def test_a_script_without_spaces_is_named(script, sentences):
    with pytest.warns(UserWarning, match=rf"^{run_message('@', script).replace('@', '[0-9]+')}\Z"):
        TextTokenizer().fit(sentences * 20)


def fit(tokenizer, texts):
    tokenizer.fit(texts)


def fit_transform(tokenizer, texts):
    tokenizer.fit_transform(texts)


def partial_fit(tokenizer, texts):
    tokenizer.partial_fit(["good good"]).partial_fit(texts)


def fit_warm(tokenizer, texts):
    tokenizer.set_params(warm_start=True).fit(["good good"]).fit(texts)


def fit_in_pipeline(tokenizer, texts):
    make_pipeline(tokenizer, "passthrough").fit(texts)


@pytest.mark.parametrize("call", [fit, fit_transform, partial_fit, fit_warm, fit_in_pipeline])
def test_every_fit_warns_at_the_line_of_the_user(call):
    with pytest.warns(UserWarning, match=rf"^{run_message(68, 'Chinese or Japanese')}\Z") as record:
        call(TextTokenizer(), CHINESE * 20)
    assert [warning.filename for warning in record] == [__file__]


@pytest.mark.parametrize("vocabulary", [["好", "差"], WordVectors(["好", "差"], np.eye(2))])
def test_runs_are_noticed_with_a_given_vocabulary(vocabulary):
    with pytest.warns(UserWarning, match=run_message(68, "Chinese or Japanese")):
        TextTokenizer(vocabulary=vocabulary).fit(CHINESE * 10)


def test_an_analyzer_that_does_not_split_is_noticed():
    with pytest.warns(UserWarning, match=run_message(100, "Chinese or Japanese")):
        TextTokenizer(analyzer=str.split).fit(CHINESE * 10)


@pytest.mark.parametrize(
    "parameters", [{"analyzer": "char"}, {"analyzer": list}, {"token_pattern": r"\w"}], ids=str
)
def test_tokens_of_one_character_are_words(parameters):
    TextTokenizer(**parameters).fit(CHINESE * 20)


@pytest.mark.parametrize("text", SEPARATED.values(), ids=SEPARATED)
def test_separated_words_are_words(text):
    TextTokenizer().fit([text] * 200)


def test_few_texts_say_too_little():
    TextTokenizer(min_count=1).fit(CHINESE * 9)
    TextTokenizer().fit([f"word{i} word{i + 1000}" for i in range(98)] + ["word1"])


def test_some_texts_in_a_script_without_spaces_are_no_reason():
    TextTokenizer().fit(CHINESE * 5 + ["a good film that I would see again"] * 40)


def learn(unknown, known, **parameters):
    """Fit on 100 texts that have, in percent, tokens that occur once, and tokens that recur."""
    texts = [f"{'a ' * known} {' '.join(f'w{i}x{j}' for j in range(unknown))}" for i in range(100)]
    TextTokenizer(**parameters).fit(texts)


def unknown_message(start):
    return rf"^{re.escape(start)}\Z"


@pytest.mark.parametrize(
    ("n_rare", "n_frequent", "parameters", "message"),
    [
        (
            3,
            1,
            {},
            "75% of the tokens of the training texts become the unknown word: 75% occur fewer than "
            'min_count=2 times. Pass a lower min_count or analyzer="char", for tokens that recur.',
        ),
        (
            3,
            1,
            {"min_count": 1, "max_tokens": 10},
            "73% of the tokens of the training texts become the unknown word: 73% are not among "
            'the max_tokens=10 learned. Pass a higher max_tokens or analyzer="char", for tokens '
            "that recur.",
        ),
        (
            3,
            1,
            {"analyzer": "char", "max_tokens": 2},
            "68% of the tokens of the training texts become the unknown word: 68% are not among "
            "the max_tokens=2 learned. Pass a higher max_tokens.",
        ),
    ],
)
def test_unknown_tokens(n_rare, n_frequent, parameters, message):
    with pytest.warns(UserWarning, match=unknown_message(message)):
        learn(n_rare, n_frequent, **parameters)


def test_both_reasons_of_unknown_tokens_are_named():
    texts = ["a b c d"] * 50 + [f"e{i} f{i} g{i}" for i in range(50)]
    message = (
        "71% of the tokens of the training texts become the unknown word: 43% occur fewer than "
        "min_count=2 times and 29% are not among the max_tokens=2 learned. Pass a lower min_count "
        'or a higher max_tokens or analyzer="char", for tokens that recur.'
    )
    with pytest.warns(UserWarning, match=unknown_message(message)):
        TextTokenizer(max_tokens=2).fit(texts)


def test_half_of_the_tokens_is_no_reason():
    learn(2, 2)
    with pytest.warns(UserWarning, match="^60% of the tokens"):
        learn(3, 2)


def test_a_given_vocabulary_may_leave_out_most_tokens():
    TextTokenizer(vocabulary=["good"]).fit([f"word{i}" for i in range(1000)])


def test_words_with_a_vector_are_known():
    words = [f"word{i}" for i in range(1000)]
    TextTokenizer(vocabulary=WordVectors(words, np.eye(1000, 2))).fit(words)


def test_earlier_texts_count_for_partial_fit():
    words = [f"word{i}" for i in range(1000)]
    tokenizer = TextTokenizer(min_count=2).partial_fit([" ".join(words) + " a a"])
    tokenizer.partial_fit(words)


def test_a_warning_that_is_an_error_leaves_the_tokenizer_as_it_was():
    tokenizer = TextTokenizer().fit(["good good"])
    before = dict(tokenizer.vocabulary_)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(UserWarning, match="written without spaces"):
            tokenizer.partial_fit(CHINESE * 20)
    assert tokenizer.vocabulary_ == before


@given(st.lists(st.text(max_size=20), max_size=100))
def test_no_text_breaks_the_warnings(texts):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        TextTokenizer(min_count=1).fit(["good", *texts, *texts])


def test_real_chinese_reviews(data_dir):
    reviews = read_texts(data_dir / "waimai/reviews.csv.gz", text="review", label="label")
    texts = reviews.data[:1000]
    with pytest.warns(UserWarning, match="written without spaces"):
        TextTokenizer().fit(texts)
    ids = TextTokenizer(analyzer="char").fit_transform(texts)
    assert (ids == 1).mean() < 0.05
    train, test = slice(None, None, 2), slice(1, None, 2)
    by_words, by_characters = (
        clone(nb_svm(**parameters))
        .fit(reviews.data[train], reviews.target[train])
        .score(reviews.data[test], reviews.target[test])
        for parameters in ({}, {"analyzer": "char"})
    )
    assert by_characters > by_words + 0.05
