using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Invitations;

/// <summary>
/// <c>tidp_inv_</c>, the ids of organization and invitation (26 characters each) and 43 characters that are 256 random bits. The ids are public and only say where to look: the hash
/// covers them, so that a token with another id is a token of nothing.
/// </summary>
public readonly record struct InvitationToken
{
    public const string Prefix = "tidp_inv_";

    private static readonly SearchValues<char> Base64Url = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private const int IdDigits = 26;
    private const int SecretLength = 43;

    /// <summary>Characters of every token.</summary>
    public const int Length = 9 + (2 * IdDigits) + SecretLength;

    private InvitationToken(string text, Id<Organization> organization, Id<Invitation> invitation) => (Text, OrganizationId, InvitationId) = (text, organization, invitation);

    public string Text { get; }
    public Id<Organization> OrganizationId { get; }
    public Id<Invitation> InvitationId { get; }

    public static string New(Id<Organization> organization, Id<Invitation> invitation) => MachineSecret.New(Prefix + Digits(organization) + Digits(invitation));

    public static bool TryParse([NotNullWhen(true)] string? text, out InvitationToken token)
    {
        token = default;
        if (text is not { Length: Length } || !text.StartsWith(Prefix, StringComparison.Ordinal)) return false;
        var ids = text.AsSpan(Prefix.Length, 2 * IdDigits);
        if (!Id<Organization>.TryParse($"{Organization.IdPrefix}_{ids[..IdDigits]}", out var organization) || !Id<Invitation>.TryParse($"{Invitation.IdPrefix}_{ids[IdDigits..]}", out var invitation)) return false;
        if (text.AsSpan(Prefix.Length + (2 * IdDigits)).ContainsAnyExcept(Base64Url)) return false;
        token = new(text, organization, invitation);
        return true;
    }

    /// <summary>Never the secret: this is what lands in a log by mistake.</summary>
    public override string ToString() => InvitationId.ToString();

    private static string Digits<T>(Id<T> id) where T : IHasIdPrefix => id.ToString()[^IdDigits..];
}
