"""How the logit of a text is a sum of the linear term and the network."""

import matplotlib.pyplot as plt

# An illustration: "not bad" as a pair outweighs its words, and the network corrects the rest.
SCORES = {"not": -0.6, "bad": -1.4, "not bad": 1.5, "film": 0.1, "linear\nterm": None}
NETWORK = 1.1

figure, axes = plt.subplots(figsize=(7, 2.8), layout="constrained")
position = 0.0
for column, (_, score) in enumerate(SCORES.items()):
    if score is None:
        axes.bar(column, position, color="#f0b860", edgecolor="0.4")
    else:
        axes.bar(column, score, bottom=position, color="#f7d9a8", edgecolor="0.4")
        position += score
axes.bar(5, NETWORK, bottom=position, color="#9bd0f5", edgecolor="0.4")
axes.bar(6, position + NETWORK, color="#cfe8cf", edgecolor="0.4")
axes.axhline(0, color="0.3", linewidth=0.8)
axes.set_xticks(range(7), [*SCORES, "network", "logit"])
axes.set(ylabel="score for praise", ylim=(-2.3, 1.1))
axes.set_title(
    '"not bad film": the network corrects the linear term (an illustration)', fontsize=10
)
