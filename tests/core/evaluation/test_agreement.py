"""Label agreement against maps whose agreement can be counted by hand."""

import numpy as np
import pytest

from core.evaluation.agreement import Agreement
from tests.core.training.clips import CAR, LABELS, ROAD, SKY


def labels(*rows: list[int]) -> np.ndarray:
    return np.array(rows, np.uint8)


def test_agreement_counted_by_hand():
    agreement = Agreement(LABELS)
    agreement.add(
        labels([SKY, SKY, ROAD, ROAD], [ROAD, ROAD, CAR, CAR]), labels([SKY, SKY, ROAD, SKY], [ROAD, CAR, CAR, CAR])
    )
    assert agreement.accuracy == 6 / 8
    assert agreement.ious == {"road": 2 / 4, "sky": 2 / 3, "car": 2 / 3}
    assert agreement.miou == pytest.approx((1 / 2 + 2 / 3 + 2 / 3) / 3)


def test_void_is_not_asked_for_but_wrong_where_it_is_read():
    agreement = Agreement(LABELS)
    agreement.add(labels([0, 0, ROAD, ROAD]), labels([CAR, 0, ROAD, 0]))
    assert agreement.accuracy == 1 / 2
    assert agreement.ious == {"road": 1 / 2}


def test_frames_are_counted_together():
    """A class that is large in one frame and small in another has one IoU, not the mean of two."""
    one, other, together = Agreement(LABELS), Agreement(LABELS), Agreement(LABELS)
    frames = ((labels([ROAD] * 8), labels([ROAD] * 8)), (labels([ROAD, SKY]), labels([SKY, SKY])))
    for agreement, frame in zip((one, other), frames, strict=True):
        agreement.add(*frame)
        together += agreement
    assert together.ious == {"road": 8 / 9, "sky": 1 / 2}
    assert one.miou == 1 and other.miou == pytest.approx(1 / 4)


def test_nothing_counted_is_no_number():
    assert np.isnan(Agreement(LABELS).miou) and np.isnan(Agreement(LABELS).accuracy)
