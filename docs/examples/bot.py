"""A bot that answers ``!time``: python docs/examples/bot.py 192.168.1.20:8765 FINGERPRINT TOKEN"""

import asyncio
import json
import secrets
import ssl
import sys
import time

from websockets.asyncio.client import connect

from mrsambosk_protocol.pin import fingerprint_of


async def run(address: str, fingerprint: str, token: str) -> None:
    anyone = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anyone.check_hostname, anyone.verify_mode = False, ssl.CERT_NONE  # the fingerprint is checked instead
    async with connect(f"wss://{address}/ws", ssl=anyone, proxy=None, compression=None, max_size=None) as host:
        certificate = host.transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        if fingerprint_of(certificate) != fingerprint:
            sys.exit("This is another host.")
        await host.send(json.dumps({"type": "hello", "ref": 1, "protocol": [1], "client": "bot/1", "token": token}))
        async for frame in host:
            row = json.loads(frame).get("message") or {}
            if row.get("body") == "!time":
                post = {"type": "post", "ref": 2, "room": row["room"], "cid": secrets.token_urlsafe(18)}
                await host.send(json.dumps({**post, "body": time.strftime("%H:%M"), "reply_to": row["id"]}))


asyncio.run(run(*sys.argv[1:4]))
