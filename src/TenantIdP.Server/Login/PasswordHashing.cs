using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Login;

/// <summary>
/// ASP.NET Core Identity's hasher (PBKDF2-HMAC-SHA512). Hashing is the most expensive thing a stranger can ask for, so pages take a turn first: as many at once as there
/// are processors, a short queue, and 429 beyond it (SECURITY.md G5).
/// </summary>
internal sealed class PasswordHashing : IPasswordHashing, IDisposable
{
    /// <summary>OWASP's figure for PBKDF2-HMAC-SHA512.</summary>
    private const int Iterations = 210_000;

    // A queue that is soon done, so that whoever is taken waits no longer than for a page, and everybody else is told at once to come again (SECURITY.md R15).
    private static readonly int MaxWaiting = 4 * Environment.ProcessorCount;
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(10);
    private static readonly object Nobody = new();

    private readonly PasswordHasher<object> hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Iterations }));
    // One hash of Argon2 may take all of it: as many at once as there are processors would be gigabytes.
    private readonly MemoryBudget memory = new(ImportedPasswordHash.MaxArgon2Kibibytes);
    private readonly SemaphoreSlim turns = new(Environment.ProcessorCount);
    private int waiting;

    public string Hash(string password) => hasher.HashPassword(Nobody, password);

    public PasswordCheck Check(string storedHash, string password)
    {
        if (ImportedPasswordHash.IsForeign(storedHash))
            return ImportedPasswordHash.Parse(storedHash) is { IsOk: true, Value: { } foreign } && ForeignHashes.Matches(foreign, password, memory) ? PasswordCheck.RightButOld : PasswordCheck.Wrong;
        return hasher.VerifyHashedPassword(Nobody, storedHash, password) switch
        {
            PasswordVerificationResult.Success => PasswordCheck.Right,
            PasswordVerificationResult.SuccessRehashNeeded => PasswordCheck.RightButOld,
            _ => PasswordCheck.Wrong,
        };
    }

    /// <summary>Null when too many others wait already.</summary>
    public async Task<IDisposable?> TakeTurnAsync(CancellationToken ct)
    {
        if (Interlocked.Increment(ref waiting) > MaxWaiting)
        {
            Interlocked.Decrement(ref waiting);
            return null;
        }

        try
        {
            return await turns.WaitAsync(LongestWait, ct) ? new Turn(turns) : null;
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    public void Dispose() => turns.Dispose();

    private sealed class Turn(SemaphoreSlim turns) : IDisposable
    {
        public void Dispose() => turns.Release();
    }
}
