"""An SMTP server that says on its standard output what it was sent, a line of JSON for each.

It prints its port first, and ends with its standard input. With --login it takes mail only from
on-call with the password hunter2hunter2; with --tls CERTIFICATE KEY it offers STARTTLS, and demands it;
with --wrapped CERTIFICATE KEY it is private from the first byte.
Mail to refused@example.org it refuses for good, mail to later@example.org for now.
"""

import asyncio
import json
import ssl
import sys
from email import message_from_bytes, policy

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("refused@"):
            return "550 no such user here"
        if address.startswith("later@"):
            return "451 not now"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = message_from_bytes(envelope.content, policy=policy.default)
        headers = {name.lower(): str(value) for name, value in mail.items()}
        text = mail.get_content()
        login = session.auth_data.login.decode() if session.auth_data else None
        private = session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        print(json.dumps({"from": envelope.mail_from, "to": envelope.rcpt_tos, "headers": headers, "text": text,
                          "login": login, "private": private}), flush=True)
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"on-call", b"hunter2hunter2")
    return AuthResult(success=good, auth_data=data) if good else AuthResult(success=False, handled=False)


def certified(option):
    at = sys.argv.index(option)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[at + 1], sys.argv[at + 2])
    return context


options = {}
if "--login" in sys.argv:
    options.update(authenticator=authenticate, auth_required=True, auth_require_tls=False)
if "--tls" in sys.argv:
    options.update(tls_context=certified("--tls"), require_starttls=True)
wrapped = certified("--wrapped") if "--wrapped" in sys.argv else None


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), **options), "127.0.0.1", 0, ssl=wrapped)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(serve())
