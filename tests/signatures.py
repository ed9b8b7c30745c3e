"""Verification of a signature over a file: by OpenSSL, or by the package cryptography where OpenSSL is missing."""

import shutil
import subprocess
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

_PSS = ("-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest")


def verified(key: Path, signature: Path, message: Path, pss: bool = False) -> bool:
    """True if the signature over the SHA-256 digest of a file is that of the public key in a PEM file."""
    if shutil.which("openssl"):
        words = ["openssl", "dgst", "-sha256", "-verify", key, *(_PSS if pss else ()), "-signature", signature, message]
        return subprocess.run(words, capture_output=True, check=False).returncode == 0
    public, given = load_pem_public_key(key.read_bytes()), (signature.read_bytes(), message.read_bytes())
    try:
        if isinstance(public, rsa.RSAPublicKey):
            salted = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            public.verify(*given, salted if pss else padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(public, ec.EllipticCurvePublicKey)
            public.verify(*given, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True
