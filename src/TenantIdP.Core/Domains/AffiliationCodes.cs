using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>How codes are kept and how many of them go out. What a person types can be guessed, so its hash has a key: the table alone tells nobody a code.</summary>
public sealed class AffiliationCodes(RootKeys keys, Tallies tallies)
{
    public const int Tries = 5;
    public const int OfOrganization = 20;
    public const int OfHost = 20;
    public const int OfMailbox = 3;

    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>Counted over all organizations but the first: many of them together send nobody more.</summary>
    public Task<bool> MaySendAsync(Id<Organization> organization, EmailAddress mailbox, CancellationToken ct) => tallies.TakeAsync(
        [
            new TallyLimit($"affiliation_codes {organization}", OfOrganization, Day),
            new TallyLimit($"affiliation_codes {Fingerprint.Of(mailbox.Domain.Value)}", OfHost, Day),
            new TallyLimit($"affiliation_codes {Fingerprint.Of(mailbox.Normalized)}", OfMailbox, Day),
        ], ct);

    /// <summary>Counted before it is compared, so that many at once get no more answers than there are tries.</summary>
    public Task<bool> MayTryAsync(DomainAffiliationCode sent, CancellationToken ct) =>
        tallies.TakeAsync([new TallyLimit($"affiliation_tries {Fingerprint.Of(sent.CodeHash)}", Tries, DomainAffiliationCode.Life)], ct);

    public string Hash(OrganizationDomain domain, string code) => Convert.ToHexStringLower(Hashed(keys.Active, domain.OrganizationId, domain.Id, code));

    /// <summary>In fixed time. Any root key that is still there may have made it.</summary>
    public bool Matches(DomainAffiliationCode sent, string typed)
    {
        if (DomainAffiliationCode.Read(typed) is not { } code) return false;
        var kept = Convert.FromHexString(sent.CodeHash);
        var matches = false;
        foreach (var id in keys.Ids) matches |= CryptographicOperations.FixedTimeEquals(Hashed(keys.Find(id)!, sent.OrganizationId, sent.DomainId, code), kept); // an id of its own list
        return matches;
    }

    private static byte[] Hashed(byte[] root, Id<Organization> organization, Id<OrganizationDomain> domain, string code) =>
        HMACSHA256.HashData(HKDF.DeriveKey(HashAlgorithmName.SHA256, root, 32, info: "affiliation code"u8.ToArray()), Encoding.UTF8.GetBytes($"{organization}\n{domain}\n{code}"));
}
