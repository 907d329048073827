"""What every history store must do, as a suite to run against any kind.

class TestMine(HistoryStoreSuite):
    @pytest.fixture
    def open_store(self, tmp_path):
        return lambda: open_history(f"sqlite:///{tmp_path}/history.db", blobs=None)

`model.Model` is the truth that stores are held to: plain dictionaries. `checks.check` compares all that a
set shows with it. `acts.acts_of` draws sequences of what may happen, `acts.play` does them to a store and
to the model:

@given(acts=acts_of())
def test_whatever_happens_my_store_shows_what_the_model_shows(acts):
    play(opener_of_an_empty_store(), acts)
"""

from __future__ import annotations

from runstone.testing.history.branches import BranchesSuite
from runstone.testing.history.charts import ChartsSuite
from runstone.testing.history.listing import ListingSuite
from runstone.testing.history.merging import MergingSuite
from runstone.testing.history.values import ValuesSuite
from runstone.testing.history.writing import WritingSuite


class HistoryStoreSuite(WritingSuite, ValuesSuite, ListingSuite, BranchesSuite, ChartsSuite, MergingSuite):
    """Subclass it and give a fixture `open_store`: opens one and the same store, again and again."""
