using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>The code that was mailed last for a claim, as a keyed hash. A new one takes its place, and whoever enters it uses it up.</summary>
public sealed class DomainAffiliationCode : IOrganizationOwned
{
    public static readonly TimeSpan Life = TimeSpan.FromMinutes(15);

    public const int Length = 8;

    // Consonants, so that no word comes about; without those that are read as a digit or as one another (RFC 8628 section 6.1).
    private const string Alphabet = "BCDFGHJKLMNPQRSTVWXZ";
    private const int GroupOf = 4;

    private DomainAffiliationCode(Id<Organization> organizationId, Id<OrganizationDomain> domainId) => (OrganizationId, DomainId) = (organizationId, domainId);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> DomainId { get; private set; }
    public string CodeHash { get; private set; } = "";
    public DateTimeOffset ExpiresAt { get; private set; }

    internal static DomainAffiliationCode For(OrganizationDomain domain) => new(domain.OrganizationId, domain.Id);

    internal void Replace(string hash, DateTimeOffset now) => (CodeHash, ExpiresAt) = (hash, now + Life);

    /// <summary>Another one each time, 34 bits.</summary>
    internal static string New() => RandomNumberGenerator.GetString(Alphabet, Length);

    /// <summary>As it is read: in two groups.</summary>
    internal static string Show(string code) => $"{code[..GroupOf]}-{code[GroupOf..]}";

    /// <summary>As people type it: hyphens, spaces and lower case don't matter.</summary>
    /// <returns>Null when it can be no code.</returns>
    internal static string? Read(string typed)
    {
        string code = new([.. typed.Where(c => c is not ('-' or ' ')).Select(char.ToUpperInvariant)]);
        return code.Length == Length && code.All(Alphabet.Contains) ? code : null;
    }
}

internal sealed class DomainAffiliationCodeMapping : IEntityTypeConfiguration<DomainAffiliationCode>
{
    public void Configure(EntityTypeBuilder<DomainAffiliationCode> code)
    {
        code.ToTable("domain_affiliation_codes");
        code.HasKey(c => new { c.OrganizationId, c.DomainId });
        code.Property(c => c.CodeHash).HasMaxLength(64).IsConcurrencyToken();
        code.HasOne<OrganizationDomain>().WithMany().HasForeignKey(c => new { c.OrganizationId, c.DomainId }).OnDelete(DeleteBehavior.Cascade);

        // What is over is deleted by its time.
        code.HasIndex(c => c.ExpiresAt);
    }
}
