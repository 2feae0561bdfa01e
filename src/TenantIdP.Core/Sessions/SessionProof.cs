using System.Text.Json.Serialization;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Sessions;

/// <summary>The words of <c>amr</c>: those of RFC 8176, and our own where it has none (docs/sign-in.md).</summary>
public static class ProofMethods
{
    public const string Password = "pwd";

    /// <summary>Our own. A code that was mailed to them: <c>otp</c> would say that they have a device.</summary>
    public const string Email = "email";

    /// <summary>Our own. An organization's identity provider spoke for them.</summary>
    public const string Federated = "fed";

    /// <summary>A passkey that never leaves its device.</summary>
    public const string HardwareKey = "hwk";

    /// <summary>A passkey that its owner's devices share.</summary>
    public const string SyncedKey = "swk";

    /// <summary>The passkey's device asked for a face, a finger or a PIN.</summary>
    public const string UserVerified = "user";

    /// <summary>A code of an authenticator app.</summary>
    public const string Otp = "otp";

    /// <summary>Our own. A recovery code, in place of the device.</summary>
    public const string Recovery = "recovery";

    public const string Mfa = "mfa";
}

/// <summary>One act of proving: which credential or connection, when, by which methods (RFC 8176 values).</summary>
/// <param name="ConnectionId">The SSO connection, or null for a credential of this instance.</param>
/// <param name="OrganizationId">The organization of the connection.</param>
/// <param name="At">When the first factor was shown: what <c>auth_time</c> and <c>max_age</c> are about.</param>
public sealed record SessionProof(Id<Connection>? ConnectionId, Id<Organization>? OrganizationId, DateTimeOffset At, IReadOnlyList<string> Amr)
{
    /// <summary>When a second factor of this instance was shown in addition; null when none was.</summary>
    public DateTimeOffset? SecondFactorAt { get; init; }

    /// <summary>What was shown can't be given to a page that only looks like this one: a passkey with user verification, or a connection's word for one.</summary>
    public bool IsPhishingResistant { get; init; }

    public static SessionProof Password(DateTimeOffset at) => new(null, null, at, [ProofMethods.Password]);

    public static SessionProof Mailbox(DateTimeOffset at) => new(null, null, at, [ProofMethods.Email]);

    /// <param name="userVerified">The device asked who holds it: two factors in one act. Without that it is one.</param>
    /// <param name="deviceBound">It can't leave its device (the BE flag is not set).</param>
    public static SessionProof Passkey(DateTimeOffset at, bool userVerified, bool deviceBound)
    {
        var key = deviceBound ? ProofMethods.HardwareKey : ProofMethods.SyncedKey;
        return new(null, null, at, userVerified ? [key, ProofMethods.UserVerified, ProofMethods.Mfa] : [key]) { IsPhishingResistant = userVerified };
    }

    /// <summary>Something of this instance that whoever reads the person's mail does not have.</summary>
    [JsonIgnore]
    public bool IsOwnCredential => ConnectionId is null && (Amr.Contains(ProofMethods.Password) || IsPasskey);

    [JsonIgnore]
    public bool IsPasskey => ConnectionId is null && (Amr.Contains(ProofMethods.HardwareKey) || Amr.Contains(ProofMethods.SyncedKey));

    [JsonIgnore]
    public bool HasSecondFactor => Amr.Contains(ProofMethods.Mfa);

    /// <summary>When both factors had been shown; null with one alone. A policy about the age of the second factor counts from here.</summary>
    [JsonIgnore]
    public DateTimeOffset? MfaAt => HasSecondFactor ? SecondFactorAt ?? At : null;

    /// <summary>When something was last added: of two copies of one proof the later one is the better.</summary>
    [JsonIgnore]
    public DateTimeOffset ChangedAt => SecondFactorAt is { } second && second > At ? second : At;

    /// <summary>The same proof with a second factor of this instance shown now; of two the newer one is named.</summary>
    /// <param name="method"><see cref="ProofMethods.Otp"/> or <see cref="ProofMethods.Recovery"/>.</param>
    public SessionProof WithSecondFactor(DateTimeOffset at, string method)
    {
        if (method is not (ProofMethods.Otp or ProofMethods.Recovery)) throw new ArgumentOutOfRangeException(nameof(method), method, "Not a second factor.");
        return this with { Amr = [.. Amr.Where(m => m is not (ProofMethods.Otp or ProofMethods.Recovery or ProofMethods.Mfa)), method, ProofMethods.Mfa], SecondFactorAt = at };
    }
}
