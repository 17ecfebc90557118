# SPDX-License-Identifier: PostgreSQL
"""The tutorial's four operations, their keys and the writes beside them."""

import bisect
import datetime
import itertools
import math
import random

from wire import Statement

_FEATURES = ("SELECT * FROM features WHERE user_id = %s AND timestamp < %s "
             "ORDER BY timestamp DESC LIMIT 100")
_BATCH = ("SELECT sample_id, features, labels FROM training_data "
          "WHERE dataset_id = %s AND batch_id = %s ORDER BY sample_id")
_USER = ("SELECT feature_name, value, version FROM features "
         "WHERE user_id = %s AND is_active = true AND version = 'latest' ORDER BY feature_name")
_MODEL = "SELECT version, endpoint, parameters FROM models WHERE name = %s AND stage = 'production'"
_NEAREST = {
    # How many documents: (without pgvector, with it).
    "all": ("SELECT id, content, vector_distance(embedding, %s) AS distance "
            "FROM documents ORDER BY distance LIMIT 10",
            "SELECT id, content, vector_distance(embedding, %s::vector) AS distance "
            "FROM documents ORDER BY embedding <-> %s::vector LIMIT 10"),
    "category": ("SELECT id, content, vector_distance(embedding, %s) AS distance "
                 "FROM documents WHERE metadata->>'category' = 'ai' ORDER BY distance LIMIT 5",
                 "SELECT id, content, vector_distance(embedding, %s::vector) AS distance "
                 "FROM documents WHERE metadata->>'category' = 'ai' ORDER BY embedding <-> %s::vector LIMIT 5"),
}
# The newest page, and the page after its hundredth row.
_PAGES = (datetime.datetime(2025, 1, 1, tzinfo=datetime.timezone.utc),
          datetime.datetime(2024, 7, 1, tzinfo=datetime.timezone.utc))

ZIPF_EXPONENT = 1.1
WRITE_SHARE = 0.01
QUESTIONS = 20
DATASETS_IN_TRAINING = 3
# Per cent of the writes. Feature values come in all the time; training sets and documents change seldom.
WRITTEN = {"features": 75, "performance_metrics": 17, "training_data": 6, "documents": 2}

FORGETTING = ("UPDATE features SET value = value WHERE id = 0",
              "UPDATE documents SET content = content WHERE id = 1",
              "UPDATE training_data SET status = status WHERE sample_id = 0",
              "UPDATE models SET stage = stage WHERE id = 0")


class Operation:
    """One row of the table: what it is called, what the tutorial claims, its share of the traffic."""

    def __init__(self, name, claim, claim_text, weight, mark):
        self.name = name
        self.claim = claim
        self.claim_text = claim_text
        self.weight = weight
        self.mark = mark


OPERATIONS = (
    Operation("Feature retrieval (100 items)", 93, "245 ms -> 18 ms", 45, "feature"),
    Operation("Vector similarity search", 93, "1200 ms -> 85 ms", 20, "vector"),
    Operation("Batch training data load", 87, "3200 ms -> 420 ms", 10, "batch"),
    Operation("Real-time inference", 86, "850 ms -> 120 ms", 25, "inference"),
)


class Zipf:
    """Ranks 0 to count - 1, rank r as often as 1 / (r + 1)^exponent."""

    def __init__(self, count, exponent=ZIPF_EXPONENT):
        self._sums = list(itertools.accumulate((rank + 1) ** -exponent for rank in range(count)))

    def draw(self, chance):
        return bisect.bisect_left(self._sums, chance.random() * self._sums[-1])


class Scale:
    """How many rows of what."""

    def __init__(self, features, documents, training):
        self.features = features
        self.documents = documents
        self.training = training
        self.users = features // 200
        self.batches = training // 10 // 1000


def _embedding(question):
    """A question's embedding, which no document has."""
    chance = random.Random(1000 + question)
    return [round(chance.uniform(-1, 1), 5) for _ in range(128)]


class Workload:
    """Statements of the four operations, the same at every run with the same seed."""

    def __init__(self, scale, has_pgvector, seed=42):
        self.scale = scale
        self.has_indexes = False
        self._has_pgvector = has_pgvector
        self._chance = random.Random(seed)
        self._users = Zipf(scale.users)
        self._questions = Zipf(QUESTIONS)
        self._batches = Zipf(DATASETS_IN_TRAINING * scale.batches)
        self._models = Zipf(20)
        brackets = "[%s]" if has_pgvector else "{%s}"
        self._embeddings = [brackets % ",".join(map(str, _embedding(n))) for n in range(QUESTIONS)]
        self._known = {}
        self._written = dict.fromkeys(WRITTEN, 0)

    def restart(self, seed):
        self._chance = random.Random(seed)

    def draw_operation(self):
        return self._chance.choices(OPERATIONS, [one.weight for one in OPERATIONS])[0]

    def is_write(self):
        return self._chance.random() < WRITE_SHARE

    def draw(self, operation):
        """The statements of one request, by a zipf-distributed key."""
        return getattr(self, "_draw_" + operation.mark)()

    def _statement(self, query, *params):
        key = (query, params)
        if key not in self._known:
            self._known[key] = Statement(query, params)
        return self._known[key]

    def _user(self):
        # The busiest users are not the first rows of the table.
        return 1 + self._users.draw(self._chance) * 7919 % self.scale.users

    def _draw_feature(self):
        page = _PAGES[self._chance.random() < 0.2]
        return [self._statement(_FEATURES, self._user(), page)]

    def _nearest(self, which):
        question = self._embeddings[self._questions.draw(self._chance)]
        query = _NEAREST[which][self._has_pgvector]
        return self._statement(query, *[question] * query.count("%s"))

    def _draw_vector(self):
        return [self._nearest("all")]

    def _draw_batch(self):
        page = self._batches.draw(self._chance)
        dataset, batch = divmod(page, self.scale.batches)
        return [self._statement(_BATCH, 1 + dataset, batch)]

    def _draw_inference(self):
        model = "model_%02d" % (1 + self._models.draw(self._chance))
        return [self._statement(_USER, self._user()), self._nearest("category"), self._statement(_MODEL, model)]

    def _next_table(self):
        """The table that is furthest behind its share, so that short runs write to all of them too."""
        total = sum(self._written.values()) + 1
        table = max(WRITTEN, key=lambda name: WRITTEN[name] * total / 100 - self._written[name])
        self._written[table] += 1
        return table

    def draw_write(self):
        """(table, statement) of a write."""
        table = self._next_table()
        value = round(self._chance.uniform(0, 100), 4)
        if table == "features":
            row = self._user() - 1 + self.scale.users * self._chance.randrange(200)
            return table, Statement("UPDATE features SET value = %s WHERE id = %s", (value, row))
        if table == "documents":
            row = self._chance.randrange(1, self.scale.documents + 1)
            return table, Statement("UPDATE documents SET content = %s WHERE id = %s",
                                    ("Document %d, revised: %s" % (row, value), row))
        if table == "training_data":
            row = self._chance.randrange(self.scale.training)
            return table, Statement("UPDATE training_data SET labels = %s WHERE sample_id = %s",
                                    ([math.floor(value)], row))
        return table, Statement("INSERT INTO performance_metrics (query_type, execution_time_ms, rows_returned) "
                                "VALUES (%s, %s, %s)", ("ai_query", value, 100))


def mark_of_type(query):
    """Which operation a query type of the daemon's log belongs to; None for anything else."""
    text = " ".join(query.lower().split())
    if not text.startswith("select"):
        return None
    if "from training_data" in text:
        return "batch"
    if "from documents" in text:
        return "inference" if "metadata" in text else "vector"
    if "from models" in text:
        return "inference"
    if "from features" in text:
        return "feature" if "is_active" not in text else "inference"
    return None
