using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Organizations;

/// <summary>Who has to come through the organization's own connection.</summary>
public enum SsoMode
{
    /// <summary>Nobody; a connection may be there all the same.</summary>
    Optional,

    Required,

    /// <summary>Everybody but those who hold nothing but the named roles, such as guests.</summary>
    RequiredExceptRoles,
}

/// <summary>
/// Whom a required single sign-on spares, and until when. <see cref="Organization.RequireSso"/> is the switch: without it none of this means anything, and a node of an earlier version, which knows the
/// switch alone, requires it of everybody.
/// </summary>
public sealed record SsoEnforcement
{
    public const int MaxBreakGlass = 3;
    public const int MaxRoles = 50;

    /// <summary>Of everybody, at once, without a way past.</summary>
    public static readonly SsoEnforcement OfEverybody = new();

    /// <summary>How long a local proof of a break-glass owner counts: long enough to mend a connection, too short to live by.</summary>
    public static readonly TimeSpan BreakGlassCounts = TimeSpan.FromHours(4);

    /// <summary>Keys of roles. Spared is who holds none but these.</summary>
    public IReadOnlyList<string> ExceptRoles { get; init; } = [];

    /// <summary>1 to 100: the part of the members that it is required of already. Chosen by a hash of organization and person, so that a larger part has everybody of a smaller one in it.</summary>
    public int RolloutPercent { get; init; } = 100;

    /// <summary>Only of those who hold one of these roles already; null: of all.</summary>
    public IReadOnlyList<string>? RolloutRoles { get; init; }

    /// <summary>Owners who may still sign in with a credential of this instance: each time is an event, and told to every owner.</summary>
    public IReadOnlyList<Id<User>> BreakGlass { get; init; } = [];

    /// <summary>Set when an operator took the rule away because nobody got in: until it is set anew, passwords of members are taken although their domain belongs to a connection.</summary>
    public DateTimeOffset? UnlockedAt { get; init; }

    [JsonIgnore]
    public bool IsOfEverybody => ExceptRoles.Count == 0 && RolloutPercent >= 100 && RolloutRoles is null;

    /// <summary>The same limits, whoever is named for break-glass.</summary>
    public bool LimitsAs(SsoEnforcement other) =>
        RolloutPercent == other.RolloutPercent && Same(ExceptRoles, other.ExceptRoles) && RolloutRoles is null == other.RolloutRoles is null && Same(RolloutRoles ?? [], other.RolloutRoles ?? []);

    /// <summary>Whether it is required of this member. Where roles disagree it is.</summary>
    public bool Concerns(Id<Organization> organization, Id<User> user, IReadOnlyList<HeldRole> roles)
    {
        // What is or extends owner or admin is never spared, whatever the list says.
        if (roles.Count > 0 && roles.All(r => ExceptRoles.Contains(r.Key) && (r.BuiltIn is not { } builtIn || !Roles.BuiltInRoles.IsPrivileged(builtIn)))) return false;
        if (RolloutRoles is { } first && !roles.Any(r => first.Contains(r.Key))) return false;
        return RolloutPercent >= 100 || PlaceOf(organization, user) < RolloutPercent;
    }

    /// <summary>0 to 99, the same on every node and for ever.</summary>
    internal static int PlaceOf(Id<Organization> organization, Id<User> user) =>
        (int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{organization}\n{user}"))) % 100);

    private static bool Same(IReadOnlyList<string> a, IReadOnlyList<string> b) => a.Count == b.Count && a.All(b.Contains);
}
