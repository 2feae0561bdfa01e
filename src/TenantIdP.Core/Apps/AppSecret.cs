using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Apps;

/// <summary>One secret of an app as it is kept: its hash, never the secret itself.</summary>
/// <param name="Hash">A <see cref="MachineSecret.Hash"/>.</param>
/// <param name="Prefix">How the secret begins, so that people recognise the one that leaked; empty for one that was not made here.</param>
/// <param name="ExpiresAt">From then on it is no secret any more; null never.</param>
public sealed record AppSecret(Id<AppSecret> Id, string Hash, string Prefix, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt) : IHasIdPrefix
{
    private const int Shown = 8;

    public static string IdPrefix => "sec";

    public bool IsLive(DateTimeOffset now) => ExpiresAt is null || ExpiresAt > now;

    /// <summary>The same secret with an end, which never comes later than before.</summary>
    public AppSecret EndingAt(DateTimeOffset end) => ExpiresAt is null || ExpiresAt > end ? this with { ExpiresAt = end } : this;

    public static (AppSecret Kept, string Secret) Make(DateTimeOffset now, DateTimeOffset? expiresAt)
    {
        var secret = MachineSecret.New(AppSecrets.Prefix);
        return (new AppSecret(Id<AppSecret>.New(now), MachineSecret.Hash(secret), secret[..(AppSecrets.Prefix.Length + Shown)], now, expiresAt), secret);
    }

    /// <summary>One that an operator chose at start.</summary>
    public static AppSecret Given(string secret, DateTimeOffset now) => new(Id<AppSecret>.New(now), MachineSecret.Hash(secret), "", now, null);
}

/// <summary>The secrets of one app, in the one column in which an engine keeps a secret: checking them costs no further read.</summary>
public static class AppSecrets
{
    public const string Prefix = "tidp_secret_";

    /// <summary>One to use and one to move to.</summary>
    public const int MaxLive = 2;

    public static string Write(IReadOnlyList<AppSecret> secrets) => JsonSerializer.Serialize(secrets, JsonText.Options);

    /// <summary>Also of the time when an app had one secret, which had no id.</summary>
    public static IReadOnlyList<AppSecret> Read(string? stored) => stored switch
    {
        null => [],
        _ when IsList(stored) => JsonSerializer.Deserialize<List<AppSecret>>(stored, JsonText.Options)!, // written above
        _ => [new AppSecret(new Id<AppSecret>(new Guid(SHA256.HashData(Encoding.UTF8.GetBytes(stored))[..16])), stored, "", DateTimeOffset.UnixEpoch, null)],
    };

    public static bool IsList(string stored) => stored.StartsWith('[');

    /// <summary>Whether it is one of those that are live. Each is compared in fixed time, and none is skipped.</summary>
    public static bool Matches(string secret, string stored, DateTimeOffset now) => Matches(secret, Read(stored), now);

    internal static bool Matches(string secret, IReadOnlyList<AppSecret> secrets, DateTimeOffset now)
    {
        var found = false;
        foreach (var one in secrets) found |= MachineSecret.Matches(secret, one.Hash) & one.IsLive(now);
        return found;
    }
}
