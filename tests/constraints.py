"""What tests of constraints need: writes past every validation, and the constraints that an app declares."""

from collections.abc import Callable, Iterable

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction


def update(instance: models.Model, **fields) -> None:
    """Writes past every validation of the model."""
    type(instance).objects.filter(pk=instance.pk).update(**fields)


def create_twice(create: Callable[[], models.Model]) -> None:
    first = create()
    first.pk = None
    first.save(force_insert=True)


def own_models(app: str) -> list[type[models.Model]]:
    """The models of an app, without the histories: these keep what there was, whatever the rules are today."""
    return [model for model in apps.get_app_config(app).get_models() if not hasattr(model, "history_object")]


def assert_refused(app: str, constraint: str, violate: Callable[[], object]) -> None:
    """The database itself refuses what `violate` writes, for the sake of this constraint of the app."""
    [declared] = [c for model in own_models(app) for c in model._meta.constraints if c.name == f"{app}_{constraint}"]

    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        violate()

    # SQLite does not name a constraint of uniqueness.
    if isinstance(declared, models.UniqueConstraint) and connection.vendor == "sqlite":
        assert "UNIQUE" in str(refused.value)
    else:
        assert declared.name in str(refused.value)


def assert_all_constraints(app: str, violated: Iterable[str]) -> None:
    """These are all the constraints of the app, none is left out."""
    declared = {constraint.name for model in own_models(app) for constraint in model._meta.constraints}

    assert declared
    assert {f"{app}_{name}" for name in violated} == declared
