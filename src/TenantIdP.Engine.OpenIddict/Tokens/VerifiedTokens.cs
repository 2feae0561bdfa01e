using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using TenantIdP.Engine.OpenIddict.Keys;

namespace TenantIdP.Engine.OpenIddict.Tokens;

/// <summary>What an access token of ours says, once its signature was checked. Nothing here says that it is still worth anything: who reads it asks for time, app, session and grant each time.</summary>
/// <param name="NotBefore">UTC; null when it does not say.</param>
/// <param name="Expires">UTC.</param>
public sealed record VerifiedToken(
    string ClientId, string? Subject, string? SessionId, string? OrganizationId, string? WorkspaceId, string AuthorizationId, IReadOnlyList<string> Audiences, IReadOnlyList<string> Scopes,
    DateTime? NotBefore, DateTime Expires)
{
    /// <summary>The app that acts for the subject (RFC 8693 section 4.1); null when the subject acts itself.</summary>
    public string? Act { get; init; }
}

/// <summary>
/// Spares a backend that asks with one token many times the check of its signature each time. Keeps hashes, not tokens; at most <see cref="Limit"/>, and none that an older
/// set of keys verified: a key that is taken out of the set takes its tokens with it.
/// </summary>
public sealed class VerifiedTokens(TimeProvider clock)
{
    public const int Limit = 5_000;

    private sealed record Kept(IReadOnlyList<SigningKey> Keys, ConcurrentDictionary<string, VerifiedToken> Tokens);

    private volatile Kept kept = new([], new(StringComparer.Ordinal));

    /// <param name="keys">The published ones, as the caller would verify with them.</param>
    public VerifiedToken? Find(string token, IReadOnlyList<SigningKey> keys) =>
        kept is { } current && ReferenceEquals(current.Keys, keys) && current.Tokens.TryGetValue(Hash(token), out var found) ? found : null;

    public void Keep(string token, VerifiedToken verified, IReadOnlyList<SigningKey> keys)
    {
        var current = kept;
        if (!ReferenceEquals(current.Keys, keys)) kept = current = new Kept(keys, new(StringComparer.Ordinal));
        if (current.Tokens.Count >= Limit) Sweep(current.Tokens);
        current.Tokens[Hash(token)] = verified;
    }

    /// <summary>Those that are over; where that makes no room, all.</summary>
    private void Sweep(ConcurrentDictionary<string, VerifiedToken> tokens)
    {
        var now = clock.GetUtcNow().UtcDateTime;
        foreach (var (hash, token) in tokens)
        {
            if (token.Expires <= now) tokens.TryRemove(hash, out _);
        }

        if (tokens.Count >= Limit) tokens.Clear();
    }

    private static string Hash(string token) => Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
