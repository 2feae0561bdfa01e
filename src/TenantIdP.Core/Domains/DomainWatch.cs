using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Domains;

/// <summary>When the proof of a domain is looked for by itself, and how it went. Apart from the domain, whose version stays what it is while nothing about it changes.</summary>
public sealed class DomainWatch : IOrganizationOwned
{
    /// <summary>A claim that is proven by nothing within this time has failed.</summary>
    public static readonly TimeSpan PendingFor = TimeSpan.FromDays(14);

    /// <summary>From the last proof to <see cref="DomainStatus.AtRisk"/>, with <see cref="MissesToRisk"/> misses.</summary>
    public static readonly TimeSpan MissedFor = TimeSpan.FromHours(72);

    public const int MissesToRisk = 3;

    /// <summary>From at risk to lapsed.</summary>
    public static readonly TimeSpan AtRiskFor = TimeSpan.FromDays(14);

    /// <summary>What the holder of a lapsed domain has when another organization proves it.</summary>
    public static readonly TimeSpan TransferNotice = TimeSpan.FromHours(72);

    private static readonly TimeSpan Daily = TimeSpan.FromHours(24);
    private static readonly TimeSpan Jitter = TimeSpan.FromHours(2);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LastRetry = TimeSpan.FromHours(6);
    private static readonly TimeSpan Soon = TimeSpan.FromHours(1);

    private DomainWatch(Id<Organization> organizationId, Id<OrganizationDomain> domainId, VerificationMethod method, DateTimeOffset armedAt) =>
        (OrganizationId, DomainId, Method, ArmedAt) = (organizationId, domainId, method, armedAt);

    public Id<Organization> OrganizationId { get; private set; }
    public Id<OrganizationDomain> DomainId { get; private set; }

    /// <summary>What is looked for: what the domain was proven by, or what somebody asked for last.</summary>
    public VerificationMethod Method { get; private set; }

    /// <summary>Null when nothing is looked for: an operator vouched, or the claim has failed.</summary>
    public DateTimeOffset? NextCheckAt { get; private set; }

    public DateTimeOffset? LastCheckedAt { get; private set; }
    public DateTimeOffset? LastProvenAt { get; private set; }

    /// <summary>When the fourteen days began.</summary>
    public DateTimeOffset ArmedAt { get; private set; }

    /// <summary>Scheduled looks without success since then, or since the last proof.</summary>
    public int Misses { get; private set; }

    internal static DomainWatch Over(OrganizationDomain domain, VerificationMethod method, DateTimeOffset now) =>
        new(domain.OrganizationId, domain.Id, method, now) { NextCheckAt = now + FirstRetry };

    /// <summary>Begins again with short pauses.</summary>
    internal void Arm(VerificationMethod method, DateTimeOffset now) => (Method, ArmedAt, Misses, NextCheckAt) = (method, now, 0, now + FirstRetry);

    /// <summary>The same claim, asked for by a person: soon again, within the same fourteen days.</summary>
    internal void Ask(VerificationMethod method, DateTimeOffset now) => (Method, Misses, NextCheckAt) = (method, 0, now + FirstRetry);

    internal void Proved(VerificationMethod method, DateTimeOffset now) =>
        (Method, Misses, LastCheckedAt, LastProvenAt, NextCheckAt) = (method, 0, now, now, method == VerificationMethod.Operator ? null : NextDay(now));

    internal void AwaitTransfer(VerificationMethod method, DateTimeOffset now, DateTimeOffset at) =>
        (Method, LastCheckedAt, LastProvenAt, NextCheckAt) = (method, now, now, at);

    /// <summary>Without success, by schedule.</summary>
    internal void Missed(DateTimeOffset now, bool held)
    {
        (Misses, LastCheckedAt) = (Misses + 1, now);
        NextCheckAt = held ? NextDay(now) : now + Backoff(Misses);
    }

    /// <summary>Nothing could be seen that counts.</summary>
    internal void Postpone(DateTimeOffset now) => (LastCheckedAt, NextCheckAt) = (now, now + Soon);

    internal void Looked(DateTimeOffset now) => LastCheckedAt = now;

    internal void Stop() => NextCheckAt = null;

    internal bool IsOverdue(DateTimeOffset now) => Misses >= MissesToRisk && now - (LastProvenAt ?? ArmedAt) >= MissedFor;

    // 1, 2, 4, … minutes, up to six hours.
    private static TimeSpan Backoff(int misses) => misses > 9 ? LastRetry : TimeSpan.FromTicks(Math.Min(LastRetry.Ticks, FirstRetry.Ticks << Math.Max(0, misses - 1)));

    private static DateTimeOffset NextDay(DateTimeOffset now) => now + Daily + TimeSpan.FromSeconds(RandomNumberGenerator.GetInt32((int)Jitter.TotalSeconds));
}

internal sealed class DomainWatchMapping : IEntityTypeConfiguration<DomainWatch>
{
    public void Configure(EntityTypeBuilder<DomainWatch> watch)
    {
        watch.ToTable("domain_watches");
        watch.HasKey(w => new { w.OrganizationId, w.DomainId });
        watch.HasOne<OrganizationDomain>().WithMany().HasForeignKey(w => new { w.OrganizationId, w.DomainId }).OnDelete(DeleteBehavior.Cascade);
        watch.HasIndex(w => w.NextCheckAt, "ix_domain_watches_due").HasFilter("next_check_at IS NOT NULL");
    }
}
