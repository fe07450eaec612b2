"""What a session saves is recorded in its transaction: sync and async sessions, on both databases."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta
from functools import partial

import pytest
import sqlalchemy as sa
from attrs import evolve
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship, scoped_session, sessionmaker

from reminder_kit import Appointment, AsyncReminderKit, Recipient
from reminder_kit.errors import InvalidInputError
from reminder_kit.integrations.sqlalchemy import SessionReminders
from reminder_kit.providers.telnyx.provider import Telnyx
from tests.factories import NEW_YORK, START, parked_texts

ADA, BEN = "+12025550123", "+12025550124"


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str]
    bookings: Mapped[list[Booking]] = relationship(back_populates="customer", cascade="all, delete-orphan")


class Booking(Base):
    __tablename__ = "bookings"
    id: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(default="Check-up")
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship(back_populates="bookings")


class Pass(Base):
    """A visit that goes with its holder in the database, where the session knows nothing of it."""

    __tablename__ = "passes"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(default="Pass")
    holder_id: Mapped[int] = mapped_column(sa.ForeignKey("holders.id", ondelete="CASCADE"))
    holder: Mapped[Holder] = relationship(back_populates="passes")


class Holder(Base):
    __tablename__ = "holders"
    id: Mapped[int] = mapped_column(primary_key=True)
    phone: Mapped[str] = mapped_column(default=ADA)
    passes: Mapped[list[Pass]] = relationship(back_populates="holder", passive_deletes=True)


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)


def nowhere(instance):
    """Ask the database what it can't answer: PostgreSQL takes no further statement, and no commit, after that."""
    return sa.orm.object_session(instance).scalars(sa.text("SELECT phone FROM nowhere"))


def to_appointment(booking):
    if booking.title == "cancelled":
        return None
    if booking.title == "broken":
        raise ZeroDivisionError(ADA)
    if booking.title == "asks nowhere":
        nowhere(booking)
    starts_at = (START + timedelta(days=3)).astimezone(NEW_YORK)
    return Appointment(booking.id, starts_at, title=booking.title, recipients=[Recipient(booking.customer.phone)])


SERVER = pytest.param("postgres_url", marks=pytest.mark.hosts)
BOTH = pytest.mark.parametrize("engine", ["sqlite_url", SERVER], indirect=True)


@pytest.fixture
def engine(request):
    url = request.getfixturevalue(getattr(request, "param", "sqlite_url"))
    made = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.fixture
def kit(make_kit, engine):
    kit = make_kit(ledger=engine if engine.dialect.name == "postgresql" else str(engine.url))
    kit.ledger.upgrade()
    return kit


@pytest.fixture
def factory(engine):
    return sessionmaker(engine)


@pytest.fixture
def reminders(kit, factory):
    woken = []
    made = SessionReminders(kit, factory, wake=lambda: woken.append(1))
    made.woken = woken
    return made.track(Booking, to_appointment, also={Customer: lambda customer: customer.bookings})


@pytest.fixture
def ada(reminders, factory):
    """Ada's customer number, with a booking."""
    with factory.begin() as session:
        customer = Customer(phone=ADA, bookings=[Booking(id="A-1")])
        session.add(customer)
        session.flush()
        return customer.id


def recorded(kit):
    found = kit.ledger.read(lambda reader: list(reader.records()))
    return {record.identity.id: record.appointment.title for record in found if not record.removed}


@BOTH
def test_a_booking_and_its_record_commit_together(reminders, factory, kit):
    """Nobody sees the record before the commit; a rollback drops it with the booking."""
    with factory() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
        session.flush()
        assert recorded(kit) == {}
        session.rollback()
        session.commit()
        assert (recorded(kit), reminders.woken) == ({}, [])
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-2")]))
        session.commit()
    assert (recorded(kit), reminders.woken) == ({"A-2": "Check-up"}, [1])


def test_what_is_flushed_often_is_recorded_once(reminders, ada, factory, kit):
    """However often a row is flushed, its last state is recorded, in one call."""
    calls = []
    kit.record = lambda *args, record=kit.record, **options: (calls.append(args), record(*args, **options))
    with factory.begin() as session:
        booking = session.get(Booking, "A-1")
        for title in ("one", "two", "three"):
            booking.title = title
            session.flush()
    assert (recorded(kit), len(calls)) == ({"A-1": "three"}, 1)


def test_edits_cancellations_and_deletions_are_followed(reminders, ada, factory, kit):
    """A row that is none any more by its function is withdrawn, one that is deleted, too, also by a cascade."""
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
        session.add(Booking(id="A-3", customer_id=ada))
    with factory.begin() as session:
        session.get(Booking, "A-1").title = "cancelled"
        session.delete(session.get(Booking, "A-2"))
    assert recorded(kit) == {"A-3": "Check-up"}
    with factory.begin() as session:
        session.delete(session.get(Customer, ada))
    assert recorded(kit) == {}


def taken_from_its_customer(customer):
    customer.bookings.pop(0)


def all_taken_from_their_customer(customer):
    customer.bookings = customer.bookings[1:]


def moved_and_taken_from_its_customer(customer):
    customer.bookings.pop(0).title = "cancelled"


ORPHANED = [taken_from_its_customer, all_taken_from_their_customer, moved_and_taken_from_its_customer]


@BOTH
@pytest.mark.parametrize("orphaned", ORPHANED)
def test_a_row_that_is_deleted_as_nobody_s_is_withdrawn(ada, factory, engine, kit, orphaned):
    """By the id that its appointment had, which its function can't tell once the customer is gone from it."""
    own = sessionmaker(engine)
    visit = lambda booking: (found := to_appointment(booking)) and evolve(found, id=f"visit {booking.id}")  # noqa: E731
    SessionReminders(kit, own, wake=list).track(Booking, visit)
    with own.begin() as session:
        session.add_all(Booking(id=f"B-{number}", customer_id=ada) for number in (1, 2))
    with own.begin() as session:
        orphaned(session.get(Customer, ada))  # of its own booking, A-1, nothing was recorded as a visit
        session.flush()
        orphaned(session.get(Customer, ada))
    assert (saved(own), recorded(kit)) == ({"B-2": ADA}, {"A-1": "Check-up", "visit B-2": "Check-up"})


def test_a_row_that_goes_with_one_that_is_nobody_s_is_withdrawn(factory, engine, kit):
    """A practice's room is taken from it, and so are the room's slots: no flush tells of them before."""

    class Own(DeclarativeBase):
        pass

    class Practice(Own):
        __tablename__ = "practices"
        id: Mapped[int] = mapped_column(primary_key=True)
        rooms: Mapped[list[Room]] = relationship(cascade="all, delete-orphan")

    class Room(Own):
        __tablename__ = "rooms"
        id: Mapped[int] = mapped_column(primary_key=True)
        practice_id: Mapped[int] = mapped_column(sa.ForeignKey("practices.id"))
        slots: Mapped[list[Slot]] = relationship(cascade="all, delete-orphan")

    class Slot(Own):
        __tablename__ = "slots"
        id: Mapped[int] = mapped_column(primary_key=True)
        room_id: Mapped[int] = mapped_column(sa.ForeignKey("rooms.id"))

    Own.metadata.create_all(engine)
    own = sessionmaker(engine)
    booked = lambda slot: Appointment(str(slot.id), START + timedelta(days=3), recipients=[Recipient(ADA)])  # noqa: E731
    SessionReminders(kit, own, wake=list).track(Slot, booked)
    with own.begin() as session:
        session.add(Practice(id=1, rooms=[Room(id=1, slots=[Slot(id=1), Slot(id=2)]), Room(id=2, slots=[Slot(id=3)])]))
    assert sorted(recorded(kit)) == ["1", "2", "3"]
    with own.begin() as session:
        practice = session.get(Practice, 1)
        practice.rooms.pop(0)
    assert sorted(recorded(kit)) == ["3"]


def by_key(booking):
    return evolve(to_appointment(booking), id=f"visit {booking.id}", title="")


def by_title(booking):
    return evolve(to_appointment(booking), id=booking.title, title="")


def of_title(booking):
    return booking.title


def rename(session, **values):
    """Give A-1 other values, one flush for each."""
    booking = session.get(Booking, "A-1")
    for name, value in values.items():
        setattr(booking, name, value)
        session.flush()


def rename_unread(session, **values):
    """Set what the session has not read: what it was is in the database alone."""
    booking = session.get(Booking, "A-1")
    session.expire(booking)
    rename(session, **values)


def rename_in_bulk(session, **values):
    session.execute(sa.update(Booking).where(Booking.id == "A-1").values(**values))


@BOTH
@pytest.mark.parametrize(
    ("function", "id", "before", "done", "values", "after"),
    [
        (by_key, None, "visit A-1", rename, {"id": "A-9"}, "visit A-9"),
        (by_key, None, "visit A-1", rename_unread, {"id": "A-9", "title": "Floss"}, "visit A-9"),
        (by_title, None, "Check-up", rename, {"id": "A-9"}, "Check-up"),
        (by_title, of_title, "Check-up", rename, {"title": "Floss"}, "Floss"),
        (by_title, of_title, "Check-up", rename_unread, {"title": "Floss"}, "Floss"),
        (by_title, of_title, "Check-up", rename, {"title": "Floss", "id": "A-9"}, "Floss"),
        (by_title, of_title, "Check-up", rename_in_bulk, {"title": "Floss"}, "Floss"),
    ],
    ids=["key", "key not read", "key that is no id", "id", "id not read", "id, then key", "id in bulk"],
)
def test_a_row_that_becomes_another_appointment_is_withdrawn_as_what_it_was(
    engine, kit, function, id, before, done, values, after
):
    """Under its old id it would be told once more, at a time that is none."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, function, id=id)
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    assert [*recorded(kit)] == [before]
    with own.begin() as session:
        done(session, **values)
    assert [*recorded(kit)] == [after]


def test_rows_may_change_their_ids_for_one_another_s(engine, kit):
    """Each is what the other was; what a savepoint undoes withdraws nothing."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, by_title, id=of_title)
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1", title="one"), Booking(id="A-2", title="two")]))
    with own.begin() as session:
        first, second = session.get(Booking, "A-1"), session.get(Booking, "A-2")
        first.title, second.title = "two", "one"
        session.flush()
        savepoint = session.begin_nested()
        first.title = "never"
        session.flush()
        savepoint.rollback()
    assert sorted(recorded(kit)) == ["one", "two"]


def by_number(booking):
    """Return a booking's appointment by its title, which is its number: each customer comes at an hour of their own."""
    if booking.title.endswith(" void"):
        return None
    starts_at = to_appointment(booking).starts_at + timedelta(hours=booking.customer_id)
    return evolve(to_appointment(booking), id=number_of(booking), starts_at=starts_at, title=booking.id)


def number_of(booking):
    return booking.title.removesuffix(" void")


@pytest.fixture
def numbered(engine, kit):
    """A factory of sessions with bookings A-1 of Ada and B-1 of Ben, whose appointments have the numbers 1 and 2."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, by_number, id=number_of)
    with own.begin() as session:
        session.add(Customer(id=1, phone=ADA, bookings=[Booking(id="A-1", title="1")]))
        session.add(Customer(id=2, phone=BEN, bookings=[Booking(id="B-1", title="2")]))
    return own


def renumber(session, key, *titles):
    """Give a booking other titles, one flush for each."""
    booking = session.get(Booking, key)
    for title in titles:
        booking.title = title
        session.flush()


def renumber_in_bulk(session, key, *titles):
    for title in titles:
        session.execute(sa.update(Booking).where(Booking.id == key).values(title=title))


RENUMBERED = pytest.mark.parametrize("done", [renumber, renumber_in_bulk])


@BOTH
@RENUMBERED
def test_rows_may_change_their_ids_for_one_another_s_one_by_one(numbered, kit, done):
    """The id that the second one had is the first one's already: it is not withdrawn for that."""
    assert recorded(kit) == {"1": "A-1", "2": "B-1"}
    with numbered.begin() as session:
        done(session, "A-1", "2")
    with numbered.begin() as session:
        done(session, "B-1", "1")
    assert recorded(kit) == {"2": "A-1", "1": "B-1"}


@BOTH
@RENUMBERED
def test_a_row_that_was_none_gives_an_id_back_that_another_has_by_now(numbered, kit, done):
    """A cancelled booking's number went to another one: the old one gets a number of its own, and nobody is missed."""
    with numbered.begin() as session:
        renumber(session, "A-1", "1 void")
    with numbered.begin() as session:
        renumber(session, "B-1", "1")
    assert recorded(kit) == {"1": "B-1"}
    with numbered.begin() as session:
        done(session, "A-1", "3 void")
    assert recorded(kit) == {"1": "B-1"}


@RENUMBERED
@pytest.mark.parametrize("titles", [["3"], ["3 void"], ["1 void", "3 void"], ["1 void", "3"], ["4", "3"]])
def test_an_id_that_is_nobody_else_s_is_withdrawn(numbered, kit, done, titles):
    """Whatever the row was in between, within the transaction."""
    with numbered.begin() as session:
        done(session, "A-1", *titles)
    assert recorded(kit) == {"2": "B-1"} | ({"3": "A-1"} if titles[-1] == "3" else {})


def test_a_row_that_is_moved_before_its_id_changes_is_withdrawn(numbered, kit):
    """What is recorded is as it was before the transaction, at its former start."""
    with numbered.begin() as session:
        booking = session.get(Booking, "A-1")
        booking.customer_id = 2
        session.flush()
        booking.title = "3"
    assert recorded(kit) == {"3": "A-1", "2": "B-1"}


class Branch(Session):
    """A host's own class of sessions."""

    prefix = "visit"

    @property
    def branch(self):
        return "visit"


def named_by(ask):
    """Return a function by whose session a booking's appointment is named."""
    return lambda booking: evolve(to_appointment(booking), id=f"{ask(sa.orm.object_session(booking))} {booking.id}")


def kept_for(session):
    assert isinstance(session, Branch)
    return "visit"


def of_info(session):
    return session.info["prefix"]


def of_class(session):
    return session.prefix


def of_property(session):
    return session.branch


@BOTH
@pytest.mark.parametrize("ask", [of_info, of_class, of_property, kept_for])
def test_a_function_that_asks_its_session_is_answered_for_a_row_that_goes(engine, kit, ask):
    """Who has many branches keeps in the session which one it is: a booking that goes is withdrawn all the same."""
    own = sessionmaker(engine, class_=Branch, info={"prefix": "visit"})
    SessionReminders(kit, own, wake=list).track(Booking, named_by(ask))
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    assert [*recorded(kit)] == ["visit A-1"]
    with own.begin() as session:
        session.delete(session.get(Booking, "A-1"))
    assert (recorded(kit), kit.attention()) == ({}, ())


@pytest.mark.parametrize("ask", [of_info, of_class, of_property])
def test_an_id_that_asks_its_session_is_answered_for_a_row_that_changes(engine, kit, ask):
    """An edit is recorded, and nothing is listed."""
    own = sessionmaker(engine, class_=Branch, info={"prefix": "visit"})
    function = named_by(ask)
    SessionReminders(kit, own, wake=list).track(Booking, function, id=lambda booking: function(booking).id)
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    with own.begin() as session:
        session.get(Booking, "A-1").title = "Floss"
    assert (recorded(kit), kit.attention()) == ({"visit A-1": "Floss"}, ())


def test_a_host_s_listener_for_all_sessions_finds_its_own_info(engine, kit, caplog):
    """It hears the session in which a row is read as it is saved, too."""
    own = sessionmaker(engine, info={"tenant": "north"})
    SessionReminders(kit, own, wake=list).track(Booking, by_key)
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    tenants = []

    def begun(session, transaction, connection):
        tenants.append(session.info["tenant"])

    sa.event.listen(Session, "after_begin", begun)
    try:
        with own.begin() as session:
            session.delete(session.get(Booking, "A-1"))
    finally:
        sa.event.remove(Session, "after_begin", begun)
    assert (recorded(kit), {*tenants}, caplog.text) == ({}, {"north"}, "")


def visit_of(holder_pass):
    phone = holder_pass.holder.phone
    return Appointment(f"pass {holder_pass.id}", START + timedelta(days=3), recipients=[Recipient(phone)], title="Pass")


@pytest.fixture
def holders(factory, engine, kit):
    """A factory of sessions, with a holder of passes 1 and 2, and one of pass 3."""
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys = ON"))
        engine.dispose()
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Pass, visit_of, also={Holder: lambda holder: holder.passes})
    with own.begin() as session:
        session.add_all([Holder(id=1, passes=[Pass(id=1), Pass(id=2)]), Holder(id=2, passes=[Pass(id=3)])])
    return own


def deleted(session):
    session.delete(session.get(Holder, 1))


def changed_and_deleted(session):
    session.get(Pass, 1).title = "Changed"
    session.flush()
    deleted(session)


def deleted_in_bulk(session):
    session.execute(sa.delete(Holder).where(Holder.id == 1))


def kept_in_its_session_and_deleted_in_bulk(session):
    session.get(Pass, 1).title = "Changed"
    session.execute(sa.delete(Holder).where(Holder.id == 1), execution_options={"synchronize_session": False})


@BOTH
@pytest.mark.parametrize(
    "done", [deleted, changed_and_deleted, deleted_in_bulk, kept_in_its_session_and_deleted_in_bulk]
)
def test_rows_that_go_with_their_parent_in_the_database_are_withdrawn(holders, kit, done, caplog):
    """Which rows the parent has is asked before the flush; what the database deletes with it is gone, and no error."""
    assert recorded(kit) == dict.fromkeys(["pass 1", "pass 2", "pass 3"], "Pass")
    with holders.begin() as session:
        done(session)
    with holders() as session:
        assert session.scalars(sa.select(Pass.id)).all() == [3]
    assert (recorded(kit), kit.attention(), caplog.text) == ({"pass 3": "Pass"}, (), "")


@BOTH
@pytest.mark.parametrize(
    "given",
    [
        lambda update: update.values(id=9),
        lambda update: update.values({Pass.id: Pass.id + 8}),
        lambda update: update.ordered_values((Pass.title, "Pass"), (Pass.id, sa.literal(10) - Pass.id)),
    ],
    ids=["constant", "expression", "ordered"],
)
@pytest.mark.parametrize("synchronize", [False, "evaluate", "fetch"])
def test_a_row_whose_key_a_bulk_update_changes_is_recorded_under_the_new_one(holders, kit, given, synchronize, caplog):
    """The database says before the statement which key that will be."""
    with holders.begin() as session:
        held = session.get(Pass, 1)
        update = given(sa.update(Pass).where(Pass.id == sa.bindparam("which")))
        session.execute(update, {"which": 1}, execution_options={"synchronize_session": synchronize})
        assert held is not None
    with holders() as session:
        assert session.scalars(sa.select(Pass.id).order_by(Pass.id)).all() == [2, 3, 9]
    assert (recorded(kit), caplog.text) == (dict.fromkeys(["pass 2", "pass 3", "pass 9"], "Pass"), "")


def test_a_row_whose_key_is_among_a_bulk_update_s_parameters_is_recorded_under_it(holders, kit):
    """Values may be given beside the statement; of a key that is changed twice the last one counts."""
    with holders.begin() as session:
        session.execute(sa.update(Pass).where(Pass.id == 1), {"id": 8})
        session.execute(sa.update(Pass).where(Pass.id == 8).values(id=9))
    assert recorded(kit) == {"pass 2": "Pass", "pass 3": "Pass", "pass 9": "Pass"}


def test_a_bulk_update_may_change_a_part_of_a_key_that_has_another_name_in_its_table(engine, kit):
    """What is not among the values stays."""

    class Own(DeclarativeBase):
        pass

    class Seat(Own):
        __tablename__ = "seats"
        row: Mapped[int] = mapped_column("r", primary_key=True)
        number: Mapped[int] = mapped_column("n", primary_key=True)

    def sitting(seat):
        return Appointment(f"{seat.row}/{seat.number}", START + timedelta(days=3), recipients=[Recipient(ADA)])

    Own.metadata.create_all(engine)
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Seat, sitting)
    with own.begin() as session:
        session.add_all([Seat(row=1, number=1), Seat(row=1, number=2)])
    with own.begin() as session:
        session.execute(sa.update(Seat).values(row=7))
    assert sorted(recorded(kit)) == ["7/1", "7/2"]
    with own.begin() as session:
        session.execute(sa.update(Seat).values({Seat.number: Seat.number + 10}))
        session.execute(sa.update(Seat).where(Seat.number == 11), {"n": 3})
    assert sorted(recorded(kit)) == ["7/12", "7/3"]


def test_rows_of_a_bulk_statement_may_be_read_with_what_they_hold(engine, kit, caplog):
    """A model whose collection is joined to it by itself has each row once."""

    class Own(DeclarativeBase):
        pass

    class Tool(Own):
        __tablename__ = "tools"
        id: Mapped[int] = mapped_column(primary_key=True)
        job_id: Mapped[int] = mapped_column(sa.ForeignKey("jobs.id"))

    class Job(Own):
        __tablename__ = "jobs"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        tools = relationship(Tool, lazy="joined")

    def working(job):
        return Appointment(str(job.id), START + timedelta(days=3), title=job.title, recipients=[Recipient(ADA)])

    Own.metadata.create_all(engine)
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Job, working)
    with own.begin() as session:
        session.add(Job(id=1, title="Roof", tools=[Tool(), Tool()]))
    with own.begin() as session:
        session.execute(sa.update(Job).values(title="Gutter"))
    assert (recorded(kit), caplog.text) == ({"1": "Gutter"}, "")
    with own.begin() as session:
        session.execute(sa.delete(Job))
    assert (recorded(kit), caplog.text) == ({}, "")


def test_what_a_bulk_update_changes_beside_rows_is_read_again(reminders, ada, factory, kit, sandbox):
    """A customer that the session holds as it was yesterday has the new number in the record."""
    with factory.begin() as session:
        held = session.get(Customer, ada)
        session.execute(sa.update(Customer).values(phone=BEN), execution_options={"synchronize_session": False})
        assert held.phone == ADA
    kit.resync()
    assert [item.to for item in sandbox.parked()] == [BEN]


def test_a_row_that_is_changed_and_deleted_at_once_is_withdrawn_as_it_was(factory, ada, engine, kit):
    """Its id is that under which it was recorded, not the one that it has in memory."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, id=lambda booking: booking.title)
    kit.record(evolve(to_appointment(Booking(id="Check-up", title="old", customer=Customer(phone=ADA)))))
    with own.begin() as session:
        booking = session.get(Booking, "A-1")
        booking.title = "A-1"
        session.delete(booking)
    assert recorded(kit) == {"A-1": "Check-up"}


def test_what_else_changes_a_row_is_heard_of(reminders, ada, factory, kit, sandbox):
    """A customer's new phone is that of all their bookings."""
    with factory.begin() as session:
        session.get(Customer, ada).phone = BEN
    kit.resync()
    assert [item.to for item in sandbox.parked()] == [BEN]


@BOTH
def test_a_savepoint_that_is_rolled_back_drops_what_was_in_it(reminders, ada, factory, kit):
    """What came before it, and after it, is recorded."""
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
        inner = session.begin_nested()
        session.add(Booking(id="A-3", customer_id=ada))
        session.get(Booking, "A-1").title = "never"
        session.flush()
        inner.rollback()
        with session.begin_nested():
            session.add(Booking(id="A-4", customer_id=ada))
        assert recorded(kit) == {"A-1": "Check-up"}
    assert recorded(kit) == dict.fromkeys(["A-1", "A-2", "A-4"], "Check-up")
    assert reminders.woken == [1, 1]


def taken_out(session):
    session.delete(session.get(Booking, "A-1"))
    session.add(Booking(id="A-2", customer_id=session.scalars(sa.select(Customer.id)).one()))
    session.flush()


def taken_out_in_bulk(session):
    session.execute(sa.delete(Booking))


def in_a_savepoint(session):
    session.begin_nested()
    taken_out(session)


@pytest.mark.parametrize("done", [taken_out, taken_out_in_bulk, in_a_savepoint])
@pytest.mark.parametrize("undo", ["close", "reset", "invalidate", "rollback"])
def test_what_a_session_undoes_withdraws_nothing_later(reminders, ada, factory, kit, done, undo):
    """However its transaction ends without a commit, the next one of the same session knows nothing of it."""
    with factory() as session:
        done(session)
        getattr(session, undo)()
        session.add(Booking(id="A-3", customer_id=ada))
        session.commit()
    assert (recorded(kit), reminders.woken) == ({"A-1": "Check-up", "A-3": "Check-up"}, [1, 1])


def test_a_savepoint_that_is_closed_undoes_what_was_in_it(reminders, ada, factory, kit):
    """Closed by itself, it is rolled back, and fires no event of a rollback."""
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
        savepoint = session.begin_nested()
        session.execute(sa.delete(Booking).where(Booking.id == "A-1"))
        savepoint.close()
        with session.begin_nested():
            session.add(Booking(id="A-3", customer_id=ada))
        with session.begin_nested() as outer:
            with session.begin_nested():
                session.add(Booking(id="A-4", customer_id=ada))
            outer.rollback()
    assert recorded(kit) == dict.fromkeys(["A-1", "A-2", "A-3"], "Check-up")


def test_what_was_taken_out_of_its_session_is_recorded_all_the_same(reminders, ada, factory, kit):
    """An import of many rows empties its session (`expunge_all`) after each flush, before its one commit."""
    with factory.begin() as session:
        session.get(Customer, ada).phone = BEN
        session.add(Booking(id="A-2", customer_id=ada))
        session.delete(session.get(Booking, "A-1"))
        session.flush()
        session.expunge_all()
        session.add(Booking(id="A-3", customer_id=ada))
        session.flush()
        session.expunge(session.get(Booking, "A-3"))
    assert recorded(kit) == {"A-2": "Check-up", "A-3": "Check-up"}


@pytest.mark.parametrize("synchronize", [False, "evaluate", "fetch"])
def test_bulk_updates_and_deletes_are_heard_of(reminders, ada, factory, kit, synchronize):
    """Rows are found by the statement's condition; what the session holds of them may be of yesterday."""
    with factory.begin() as session:
        session.add_all(Booking(id=f"A-{number}", customer_id=ada) for number in (2, 3))
    options = {"synchronize_session": synchronize}
    with factory.begin() as session:
        held = session.get(Booking, "A-1")
        update = sa.update(Booking).where(Booking.id < "A-3").values(title="Floss")
        session.execute(update, execution_options=options)
        session.execute(
            sa.delete(Booking).where(Booking.id == sa.bindparam("which")), {"which": "A-3"}, execution_options=options
        )
        assert held.id == "A-1"
    assert recorded(kit) == {"A-1": "Floss", "A-2": "Floss"}
    with factory.begin() as session:
        session.execute(sa.update(Booking), [{"id": "A-1", "title": "by key"}])
    assert recorded(kit) == {"A-1": "by key", "A-2": "Floss"}


def test_what_no_event_tells_is_touched(reminders, ada, factory, kit):
    """A bulk INSERT tells no keys: its rows are handed over."""
    with factory.begin() as session:
        session.execute(sa.insert(Booking), [{"id": "A-2", "customer_id": ada}])
        reminders.touch(session, [session.get(Booking, "A-2")])
    assert recorded(kit) == {"A-1": "Check-up", "A-2": "Check-up"}


def test_a_row_that_can_t_be_told_fails_no_commit_and_is_listed(reminders, ada, factory, kit, caplog):
    """The others are recorded; a line and an item name it, without a word of what it holds, until it is mended."""
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada, title="broken"))
        session.add(Booking(id="A-3", customer_id=ada))
    assert recorded(kit) == {"A-1": "Check-up", "A-3": "Check-up"}
    (item,) = kit.attention()
    assert ("A-2" in item.what, "ZeroDivisionError" in item.what, ADA in caplog.text) == (True, True, False)
    with factory.begin() as session:
        session.get(Booking, "A-2").title = "Floss"
    kit.resync()
    assert (recorded(kit)["A-2"], kit.attention()) == ("Floss", ())


@BOTH
@pytest.mark.parametrize("was", ["broken", "asks nowhere"])
def test_a_row_that_could_not_be_told_is_corrected_without_an_alarm(ada, factory, engine, kit, was, caplog):
    """What it was can't be told, and need not be: what it is now is recorded."""

    def number(booking):
        to_appointment(booking)
        return booking.id

    with factory.begin() as session:
        session.execute(sa.update(Booking.__table__).values(title=was))
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, id=number)
    with own.begin() as session:
        session.get(Booking, "A-1").title = "Floss"
    assert (recorded(kit), kit.attention()) == ({"A-1": "Floss"}, ())
    assert "what a changed Booking was before can't be told" in caplog.text


@BOTH
def test_a_row_that_can_t_be_recorded_takes_no_other_along(reminders, ada, factory, kit):
    """An id that a calendar has, too, can't be told to be gone: the visit beside it is recorded as it was moved."""
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
    theirs = to_appointment(Booking(id="A-2", title="Physio", customer=Customer(phone=ADA)))
    kit.record(evolve(theirs, source="calendar"))
    with factory.begin() as session:
        session.get(Booking, "A-2").title = "cancelled"
        session.get(Booking, "A-1").title = "Floss"
    found = kit.ledger.read(lambda reader: [record.appointment.title for record in reader.records()])
    assert sorted(found) == ["Check-up", "Floss", "Physio"]
    assert [item.what.partition(":")[0] for item in kit.attention()] == ["appointment 'A-2' could not be recorded"]


def saved(factory):
    with factory() as session:
        return {booking.id: booking.customer.phone for booking in session.scalars(sa.select(Booking))}


@BOTH
def test_a_function_whose_question_fails_undoes_no_booking(reminders, ada, factory, kit):
    """All that was booked is saved, the others are recorded, and no event of the session tells of our savepoints."""
    nested = []
    sa.event.listen(factory, "after_transaction_create", lambda _, transaction: nested.append(transaction.nested))
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada, title="asks nowhere"))
        session.add(Booking(id="A-3", customer_id=ada))
    assert (saved(factory), recorded(kit)) == (
        dict.fromkeys(["A-1", "A-2", "A-3"], ADA),
        dict.fromkeys(["A-1", "A-3"], "Check-up"),
    )
    (item,) = kit.attention()
    assert ("A-2" in item.what, any(nested)) == (True, False)


@BOTH
def test_a_function_that_lives_with_a_failed_question_undoes_no_booking(ada, factory, engine, kit):
    """What it caught is known to the database all the same."""

    def lenient(booking):
        with contextlib.suppress(sa.exc.DBAPIError):
            nowhere(booking)
        return to_appointment(booking)

    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, lenient)
    with own.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
    assert saved(own) == dict.fromkeys(["A-1", "A-2"], ADA)


@BOTH
def test_a_function_whose_question_fails_undoes_no_deletion(ada, factory, engine, kit):
    """Asked of a deleted row, as one of a bulk DELETE too: it is withdrawn by its key, and the session goes on."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, also={Note: nowhere})
    with own.begin() as session:
        session.add_all(Booking(id=f"A-{number}", customer_id=ada) for number in (2, 3))
        session.add_all([Note(id=1), Note(id=2)])
    with engine.begin() as connection:
        connection.execute(sa.update(Booking).where(Booking.id != "A-3").values(title="asks nowhere"))
    with own.begin() as session:
        session.get(Customer, ada).phone = BEN
        session.delete(session.get(Booking, "A-1"))
        session.delete(session.get(Note, 1))
        session.flush()
        session.execute(sa.delete(Booking).where(Booking.id == "A-2"))
        session.execute(sa.delete(Note))
    assert (saved(own), recorded(kit)) == ({"A-3": BEN}, {"A-3": "Check-up"})
    with own() as session:
        assert session.scalars(sa.select(Note.id)).all() == []


@BOTH
def test_rows_of_a_bulk_statement_that_can_t_be_read_undo_nothing(reminders, ada, factory, kit, engine, caplog):
    """The statement is carried out, and what the session had flushed for it is saved with it."""
    with engine.begin() as connection:
        connection.execute(sa.text("ALTER TABLE bookings DROP COLUMN title"))
    with factory.begin() as session:
        session.add(Customer(id=ada + 1, phone=BEN))
        update = sa.update(Booking).values(customer_id=ada + 1)
        session.execute(update, execution_options={"synchronize_session": False})
    with engine.connect() as connection:
        assert connection.execute(sa.select(Booking.customer_id)).scalars().all() == [ada + 1]
    assert "rows of a bulk statement on Booking can't be told" in caplog.text


@BOTH
def test_a_flush_that_fails_before_a_bulk_statement_is_the_host_s_to_know(reminders, ada, factory):
    """What the host had pending fails as it would without us."""
    with factory() as session:
        session.add(Booking(id="A-1", customer_id=ada))
        with pytest.raises(sa.exc.IntegrityError):
            session.execute(sa.update(Booking).values(title="Floss"))


def test_an_id_that_can_t_be_told_of_a_deleted_row_fails_no_flush(ada, factory, engine, kit):
    """It is listed under its key."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, id=lambda booking: booking.nothing)
    with own.begin() as session:
        session.delete(session.get(Booking, "A-1"))
    (item,) = kit.attention()
    assert (saved(own), "A-1" in item.what) == ({}, True)


@pytest.mark.hosts
@pytest.mark.parametrize("engine", ["postgres_url"], indirect=True)
def test_a_commit_of_many_rows_asks_their_functions_in_one_savepoint(reminders, ada, factory, engine):
    """As long as none of them fails."""
    sent = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2].partition(" ")[0]))

    def savepoints(*ids):
        sent.clear()
        with factory.begin() as session:
            session.add_all(Booking(id=name, customer_id=ada) for name in ids)
        return sent.count("SAVEPOINT"), sent.count("RELEASE"), sent.count("ROLLBACK")

    assert savepoints("B-0") == savepoints(*(f"C-{number}" for number in range(20))) == (2, 2, 0)


@BOTH
@pytest.mark.parametrize("done", ["changed", "deleted"])
def test_what_many_rows_were_is_read_together(ada, factory, engine, kit, done):
    """Twenty rows of a flush cost as many questions as two do."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, id=lambda booking: booking.id)
    with own.begin() as session:
        session.add_all(Booking(id=f"B-{number}", customer_id=ada) for number in range(44))
    sent = []
    sa.event.listen(engine, "before_cursor_execute", lambda *args: sent.append(args[2]))

    def questions(count):
        sent.clear()
        with own.begin() as session:
            for booking in session.scalars(sa.select(Booking).order_by(Booking.id).limit(count)).all():
                if done == "deleted":
                    session.delete(booking)
                else:
                    booking.title += "!"
            session.flush()
            return sum("FROM bookings" in statement and "SELECT" in statement for statement in sent)

    assert questions(2) == questions(20) == 2


@BOTH
def test_a_ledger_that_can_t_be_written_fails_no_commit(reminders, ada, factory, kit, engine, caplog):
    """Without its tables nothing is recorded, and the booking stands."""
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE reminder_kit_phones"))
    with factory.begin() as session:
        session.add(Booking(id="A-2", customer_id=ada))
    with factory() as session:
        assert session.get(Booking, "A-2") is not None
    assert "could not be recorded" in caplog.text


def test_a_ledger_that_takes_nothing_at_all_fails_no_commit(reminders, ada, factory, kit, engine, caplog):
    """Not even the list of failures can be written then: the log says so, and the session goes on."""
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE reminder_kit_phones"))
        connection.execute(sa.text("DROP TABLE reminder_kit_attention"))
    with factory() as session:
        session.add(Booking(id="A-2", customer_id=ada))
        session.commit()
        assert session.get(Booking, "A-2") is not None
    assert "appointment 'A-2' can't be listed" in caplog.text


def test_what_a_deleted_row_of_another_model_changed_is_heard_of(factory, ada, engine, kit):
    """A note that named the visit is deleted, by itself or by a bulk DELETE: the visit is recorded without it."""

    def titled(booking):
        with_notes = sa.select(sa.func.count(Note.id))
        found = to_appointment(booking)
        return evolve(found, title=f"{sa.orm.object_session(booking).scalar(with_notes)} notes")

    def bookings(note):
        return sa.orm.object_session(note).scalars(sa.select(Booking))

    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, titled, also={Note: bookings})
    with own.begin() as session:
        session.add_all([Note(id=1), Note(id=2)])
    assert recorded(kit) == {"A-1": "2 notes"}
    with own.begin() as session:
        session.delete(session.get(Note, 1))
    assert recorded(kit) == {"A-1": "1 notes"}
    with own.begin() as session:
        session.execute(sa.delete(Note))
    assert recorded(kit) == {"A-1": "0 notes"}


def test_rows_may_be_occurrences_of_one_id(factory, ada, engine, kit):
    """Each is recorded, whichever came last, and one that is deleted takes no other one along."""

    def occurrence(booking):
        return evolve(to_appointment(booking), id="series", recurrence_id=booking.id)

    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, occurrence)
    with own.begin() as session:
        session.add_all([Booking(id=f"O-{n}", customer_id=ada) for n in range(3)])
    with own.begin() as session:
        session.delete(session.get(Booking, "O-1"))
    found = kit.ledger.read(lambda reader: list(reader.records()))
    assert {record.identity.recurrence_id for record in found if not record.removed} >= {"O-0", "O-2"}
    assert "O-1" not in {record.identity.recurrence_id for record in found if not record.removed}


@pytest.mark.parametrize("named", [{}, {"id": lambda booking: booking.id}], ids=["by its appointment", "by its id"])
def test_what_is_deleted_and_inserted_anew_in_one_transaction_is_there(factory, ada, engine, kit, named):
    """What is said of a row last counts."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Booking, to_appointment, **named)
    with own.begin() as session:
        session.delete(session.get(Booking, "A-1"))
        session.flush()
        session.add(Booking(id="A-1", customer_id=ada, title="Floss"))
    assert recorded(kit) == {"A-1": "Floss"}


def test_a_row_that_is_none_withdraws_nothing_of_another_source(factory, ada, engine, kit):
    """Two models, or a model and a calendar, may count from one: `source` keeps them apart."""
    own = sessionmaker(engine)
    SessionReminders(kit, own, wake=list).track(Note, lambda note: None, source="notes")
    kit.record(evolve(to_appointment(Booking(id="1", title="Physio", customer=Customer(phone=ADA))), source="bookings"))
    with own.begin() as session:
        session.add(Note(id=1))
    assert recorded(kit)["1"] == "Physio"


def test_sessions_of_other_factories_are_not_heard(reminders, ada, engine, kit):
    """Nor are models that are not tracked."""
    with Session(engine) as session, session.begin():
        session.add(Booking(id="A-2", customer_id=ada))
    assert recorded(kit) == {"A-1": "Check-up"}


def test_a_model_that_changes_nothing_costs_nothing(reminders, factory, kit):
    """A commit without a tracked row wakes nobody."""
    with factory.begin() as session:
        session.add(Note(id=1))
    assert reminders.woken == []


def test_a_class_of_sessions_and_a_scoped_one_are_heard(make_kit, engine, kit):
    """Whatever makes sessions may be handed over."""

    class Own(Session):
        pass

    scoped = scoped_session(sessionmaker(engine))
    heard = [SessionReminders(kit, factory).track(Booking, to_appointment) for factory in (Own, scoped)]
    with Own(engine) as session, session.begin():
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    scoped.add(Customer(phone=ADA, bookings=[Booking(id="A-2")]))
    scoped.commit()
    scoped.remove()
    for reminders in heard:
        reminders.follower.wait()
    assert recorded(kit) == {"A-1": "Check-up", "A-2": "Check-up"}


@pytest.mark.parametrize("heard_first", ["north", "south"])
def test_two_registries_of_one_factory_record_each_its_own(make_kit, engine, kit, sandbox, heard_first):
    """A practice's booking is that practice's, told by its sender, whichever registry hears the commit first."""
    senders = {"north": "+12025550110", "south": "+12025550111"}
    names = sorted(senders, key=lambda name: name != heard_first)
    kits = {
        name: make_kit(ledger=kit.ledger.namespaced(name), provider=Telnyx(api_key="KEY", from_=senders[name]))
        for name in names
    }
    own = sessionmaker(engine)
    for name in names:
        only = partial(lambda name, booking: to_appointment(booking) if booking.id.startswith(name) else None, name)
        SessionReminders(kits[name], own, wake=list).track(Booking, only)
    with own.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="north-1")]))
        session.add(Customer(phone=BEN, bookings=[Booking(id="south-1")]))
    for each in kits.values():
        each.resync()
    assert {name: recorded(kits[name]) for name in names} == {
        "north": {"north-1": "Check-up"},
        "south": {"south-1": "Check-up"},
    }
    assert {item.to: item.from_ for item in sandbox.parked()} == {ADA: senders["north"], BEN: senders["south"]}


@pytest.mark.parametrize("thing", [object(), "sqlite://"], ids=["object", "text"])
def test_what_makes_no_sessions_is_refused(kit, thing):
    """With the kinds that are taken."""
    with pytest.raises(InvalidInputError, match="async_sessionmaker"):
        SessionReminders(kit, thing)


def test_what_is_not_mapped_is_refused(reminders):
    """A class that is no model has no rows."""
    with pytest.raises(InvalidInputError, match="mapped classes"):
        reminders.track(dict, to_appointment)


def test_the_commit_is_followed_by_itself(kit, factory, sandbox):
    """With nothing in between, what was booked is parked right after the commit."""
    reminders = SessionReminders(kit, factory).track(Booking, to_appointment)
    with factory.begin() as session:
        session.add(Customer(phone=ADA, bookings=[Booking(id="A-1")]))
    reminders.follower.wait()
    assert len(parked_texts(sandbox)) == 1


@BOTH
def test_async_sessions_are_the_same(make_kit, engine, sandbox):
    """An async session's commit records on its own connection, and a task of the loop follows it."""
    pytest.importorskip("greenlet")
    from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
    from sqlalchemy.orm import selectinload

    url = engine.url.render_as_string(hide_password=False).replace("sqlite://", "sqlite+aiosqlite://")

    async def story():
        own = create_async_engine(url)
        kit = make_kit(kind=AsyncReminderKit, ledger=url.replace("+aiosqlite", ""))
        await kit.ledger.upgrade()
        factory = async_sessionmaker(own)
        reminders = SessionReminders(kit, factory)
        reminders.track(Booking, to_appointment, also={Customer: lambda customer: customer.bookings})
        async with factory() as session:
            session.add(Customer(id=1, phone=ADA, bookings=[Booking(id="A-1"), Booking(id="A-2", title="broken")]))
            await session.rollback()
            session.add(
                Customer(id=1, phone=ADA, bookings=[Booking(id="A-1"), Booking(id="A-2", title="asks nowhere")])
            )
            await session.commit()
            await reminders.follower.wait()
            customer = await session.get(Customer, 1, options=[selectinload(Customer.bookings)], populate_existing=True)
            customer.phone = BEN
            await session.commit()
            await reminders.follower.wait()
            told = [item.to for item in sandbox.parked()]
            customer = await session.get(Customer, 1, options=[selectinload(Customer.bookings)], populate_existing=True)
            customer.bookings = [booking for booking in customer.bookings if booking.id != "A-1"]
            await session.commit()
            await reminders.follower.wait()
        listed = [item.kind for item in await kit.attention()]
        await kit.close()
        await own.dispose()
        return told, listed

    assert asyncio.run(story()) == ([BEN], ["unreadable"])
    assert list(sandbox.parked()) == []
