"""The routes of a study. They read requests, ask `Judging`, and write replies; nothing names a method."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse
from pydantic import Field

from app.protocol import Message, Token
from core.preference.judging import Judging
from core.preference.study import QUESTIONS
from core.preference.votes import Vote

PREFIX = "/api/v1"
# A video's name is a hash of what it is of: it may be kept for ever, by this browser only.
_IMMUTABLE = {"Cache-Control": "private, max-age=31536000, immutable"}


class QuestionEntry(Message):
    id: str
    text: str


class TrialEntry(Message):
    """left, right: ids of videos; rate: frames a second."""

    trial: str
    left: str
    right: str
    rate: float
    seconds: float
    width: int
    height: int


class Answer(Message):
    trial: str
    question: str
    choice: str


class JudgeState(Message):
    """A judge's trials in order, and the answers so far. study: tells one study's judges from another's."""

    study: str
    questions: list[QuestionEntry]
    trials: list[TrialEntry]
    answers: list[Answer]


class NewVote(Message):
    """seconds: from when the question was shown to the answer."""

    trial: Annotated[str, Field(max_length=64)]
    question: Annotated[str, Field(max_length=64)]
    choice: Annotated[str, Field(max_length=64)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


def study_routes(judging: Judging, token: str) -> APIRouter:
    """All routes of the page. token: what writes carry; the guard asks for it."""
    router = APIRouter(prefix=PREFIX)
    clips = {clip.name: clip for clip in judging.study.clips}
    questions = [QuestionEntry(id=name, text=text) for name, text in QUESTIONS.items()]

    def state_of(judge: str) -> JudgeState:
        trials = [
            TrialEntry(
                trial=trial.key,
                left=trial.left_video,
                right=trial.right_video,
                rate=clips[trial.clip].frames / clips[trial.clip].seconds,
                seconds=clips[trial.clip].seconds,
                width=clips[trial.clip].width,
                height=clips[trial.clip].height,
            )
            for trial in judging.trials(judge)
        ]
        shown = {trial.trial for trial in trials}
        answers = [_answer(vote) for vote in judging.votes.of(judge) if vote.trial in shown]
        return JudgeState(study=judging.study.id, questions=questions, trials=trials, answers=answers)

    @router.get("/token")
    def token_of_now(response: Response) -> Token:
        response.headers["Cache-Control"] = "no-store"
        return Token(token=token)

    @router.get("/judges/{judge}")
    def state(judge: str, response: Response) -> JudgeState:
        response.headers["Cache-Control"] = "no-store"
        return state_of(judge)

    @router.post("/judges/{judge}/votes")
    def vote(judge: str, request: NewVote) -> JudgeState:
        judging.vote(judge, request.trial, request.question, request.choice, request.seconds)
        return state_of(judge)

    @router.delete("/judges/{judge}/votes/last")
    def take_back(judge: str) -> JudgeState:
        judging.trials(judge)  # refuses what is no judge
        judging.votes.take_back(judge)
        return state_of(judge)

    @router.get("/videos/{video}.mp4")
    def video(video: str) -> FileResponse:
        return FileResponse(judging.video(video), media_type="video/mp4", headers=_IMMUTABLE)

    return router


def _answer(vote: Vote) -> Answer:
    return Answer(trial=vote.trial, question=vote.question, choice=vote.choice)
