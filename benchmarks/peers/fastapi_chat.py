"""The approach that most tutorials of a Python chat teach: FastAPI, SQLAlchemy and a `ConnectionManager`.

Each message is committed by itself, then sent to one client after the other, awaiting each. SQLite is set as the host
sets it (write-ahead log, `synchronous=FULL`), uvicorn as it comes with its `standard` extra. Prints its port.

Takes the path of the database file to make.
"""

import asyncio
import socket
import sys
import time

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from sqlalchemy import create_engine, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    """Base of the tables."""


class Message(Base):
    """One message of the one room."""

    __tablename__ = "messages"
    id: Mapped[int] = mapped_column(primary_key=True)
    author: Mapped[str]
    body: Mapped[str]
    sent_at: Mapped[float]


engine = create_engine(f"sqlite:///{sys.argv[1]}")


@event.listens_for(engine, "connect")
def set_pragmas(connection: object, _record: object) -> None:
    """As durable as the host."""
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]


class ConnectionManager:
    """Who is connected."""

    def __init__(self) -> None:
        self.active_connections: list[WebSocket] = []

    async def connect(self, websocket: WebSocket) -> None:
        await websocket.accept()
        self.active_connections.append(websocket)

    def disconnect(self, websocket: WebSocket) -> None:
        if websocket in self.active_connections:
            self.active_connections.remove(websocket)

    async def broadcast(self, message: dict[str, object]) -> None:
        for connection in list(self.active_connections):
            try:
                await connection.send_json(message)
            except (RuntimeError, WebSocketDisconnect):
                self.disconnect(connection)


app = FastAPI()
manager = ConnectionManager()


@app.websocket("/ws")
async def talk(websocket: WebSocket) -> None:
    """One client, until it leaves."""
    await manager.connect(websocket)
    author = f"{websocket.client.port if websocket.client else 0}"
    try:
        while True:
            body = await websocket.receive_text()
            with Session(engine) as session:
                message = Message(author=author, body=body, sent_at=time.time())
                session.add(message)
                session.commit()
                told = {"id": message.id, "author": author, "body": body, "sent_at": message.sent_at}
            await manager.broadcast(told)
    except WebSocketDisconnect:
        manager.disconnect(websocket)


async def main() -> None:
    """Serve until killed."""
    Base.metadata.create_all(engine)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(app, log_level="error", ws_per_message_deflate=False)
    await uvicorn.Server(config).serve(sockets=[listener])


asyncio.run(main())
