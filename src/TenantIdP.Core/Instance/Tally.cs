using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Instance;

/// <summary>How often something has happened in a period, for all nodes. Counted by conditional statements only: <see cref="Tallies"/>.</summary>
public sealed class Tally
{
    public const string Table = "tallies";

    /// <summary>Longer names are hashed by who makes them.</summary>
    public const int MaxName = 160;

    private Tally(string name) => Name = name;

    public string Name { get; private set; }
    public int Count { get; private set; }

    /// <summary>When the count is forgotten, in milliseconds since 1970: a form that both stores write alike.</summary>
    public long ExpiresAt { get; private set; }
}

internal sealed class TallyMapping : IEntityTypeConfiguration<Tally>
{
    public void Configure(EntityTypeBuilder<Tally> tally)
    {
        tally.ToTable(Tally.Table);
        tally.HasKey(t => t.Name);
        tally.Property(t => t.Name).HasMaxLength(Tally.MaxName);

        // What is over is deleted by its time.
        tally.HasIndex(t => t.ExpiresAt);
    }
}
