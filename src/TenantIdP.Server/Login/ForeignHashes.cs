using System.Security.Cryptography;
using System.Text;
using Konscious.Security.Cryptography;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>Checks a password against a hash that another program made. Runs where our own hashes are checked, so it waits for the same turn.</summary>
internal static class ForeignHashes
{
    /// <summary>Bcrypt reads 72 bytes and no more; the program that made the hash did so as well, so a longer password is compared by its beginning, once.</summary>
    public static bool Matches(ImportedPasswordHash hash, string password, MemoryBudget memory)
    {
        if (password.Length == 0) return false; // the library for Argon2 throws
        if (hash.Algorithm == PasswordAlgorithm.Bcrypt) return BCrypt.Net.BCrypt.Verify(password, hash.Text);
        using var share = hash.Algorithm == PasswordAlgorithm.Argon2id ? memory.Take(hash.Kibibytes) : null;
        var bytes = Encoding.UTF8.GetBytes(password);
        return CryptographicOperations.FixedTimeEquals(Derive(hash, bytes), hash.Digest.Span);
    }

    private static byte[] Derive(ImportedPasswordHash hash, byte[] password)
    {
        switch (hash.Algorithm)
        {
            case PasswordAlgorithm.Argon2id:
                using (var argon = new Argon2id(password) { Salt = hash.Salt.ToArray(), MemorySize = hash.Kibibytes, Iterations = hash.Iterations, DegreeOfParallelism = hash.Lanes })
                    return argon.GetBytes(hash.Digest.Length);
            case PasswordAlgorithm.Pbkdf2Sha256:
                return Rfc2898DeriveBytes.Pbkdf2(password, hash.Salt.Span, hash.Iterations, HashAlgorithmName.SHA256, hash.Digest.Length);
            case PasswordAlgorithm.Pbkdf2Sha512:
                return Rfc2898DeriveBytes.Pbkdf2(password, hash.Salt.Span, hash.Iterations, HashAlgorithmName.SHA512, hash.Digest.Length);
            default:
                throw new InvalidOperationException($"{hash.Algorithm} is checked elsewhere.");
        }
    }
}
