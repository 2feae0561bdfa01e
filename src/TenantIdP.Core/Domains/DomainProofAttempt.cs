using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>One look for a proof and what it saw. The last <see cref="Kept"/> of each domain and method are kept.</summary>
public sealed class DomainProofAttempt : IOrganizationOwned, IHasIdPrefix
{
    public const int Kept = 5;

    private DomainProofAttempt(Id<Organization> organizationId, Id<DomainProofAttempt> id, Id<OrganizationDomain> domainId, VerificationMethod method, bool proven, bool scheduled, DateTimeOffset at) =>
        (OrganizationId, Id, DomainId, Method, Proven, Scheduled, At) = (organizationId, id, domainId, method, proven, scheduled, at);

    public static string IdPrefix => "dpa";

    public Id<Organization> OrganizationId { get; private set; }
    public Id<DomainProofAttempt> Id { get; private set; }
    public Id<OrganizationDomain> DomainId { get; private set; }
    public VerificationMethod Method { get; private set; }
    public bool Proven { get; private set; }

    /// <summary>By itself, not because somebody asked.</summary>
    public bool Scheduled { get; private set; }

    public DateTimeOffset At { get; private set; }
    public IReadOnlyList<DomainSighting> Seen { get; private set; } = [];

    internal static DomainProofAttempt Of(OrganizationDomain domain, DomainEvidence evidence, bool scheduled, DateTimeOffset now) =>
        new(domain.OrganizationId, Id<DomainProofAttempt>.New(now), domain.Id, evidence.Method, evidence.Proven, scheduled, now) { Seen = evidence.Seen };
}

internal sealed class DomainProofAttemptMapping : IEntityTypeConfiguration<DomainProofAttempt>
{
    public void Configure(EntityTypeBuilder<DomainProofAttempt> attempt)
    {
        attempt.ToTable("domain_proof_attempts");
        attempt.HasKey(a => new { a.OrganizationId, a.Id });
        attempt.Property(a => a.Seen).HasJsonText();
        attempt.HasOne<OrganizationDomain>().WithMany().HasForeignKey(a => new { a.OrganizationId, a.DomainId }).OnDelete(DeleteBehavior.Cascade);
        attempt.HasIndex(a => new { a.OrganizationId, a.DomainId, a.Id });
    }
}
