"""RSA keys that are computed from a name, so that they are the same in every run.

Anybody can compute them; they give access to sandboxes only.
"""

from __future__ import annotations

import hashlib
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa

_EXPONENT = 65537


@cache
def signing_key(owner: str) -> rsa.RSAPrivateKey:
    """Return the private key of 2048 bits that belongs to a name."""
    p, q = (_prime(f"{owner} {which}") for which in "pq")
    private = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p,
        q,
        private,
        rsa.rsa_crt_dmp1(private, p),
        rsa.rsa_crt_dmq1(private, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(_EXPONENT, p * q),
    ).private_key()


def _prime(seed: str) -> int:
    """Return the first prime of 1024 bits at or above a number derived from the seed."""
    digest = hashlib.shake_256(seed.encode()).digest(128)
    # The two highest bits are set, so that the product of two such primes has 2048 bits.
    number = int.from_bytes(digest, "big") | 3 << 1022 | 1
    while True:
        divisible = any(number % prime == 0 for prime in _small_primes())
        # For a number of this size, passing Fermat's test with base 2 is almost certain proof.
        if not divisible and number % _EXPONENT != 1 and pow(2, number - 1, number) == 1:
            return number
        number += 2


@cache
def _small_primes() -> tuple[int, ...]:
    return tuple(n for n in range(3, 3000, 2) if all(n % d for d in range(3, int(n**0.5) + 1, 2)))
