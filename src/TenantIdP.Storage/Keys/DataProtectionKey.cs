using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Storage.Keys;

/// <summary>One element of the data-protection ring: a key or a revocation, its secret part sealed with the root key.</summary>
internal sealed class DataProtectionKey(string name, string xml)
{
    public string Name { get; private set; } = name;
    public string Xml { get; private set; } = xml;
}

internal sealed class DataProtectionKeyMapping : IEntityTypeConfiguration<DataProtectionKey>
{
    public void Configure(EntityTypeBuilder<DataProtectionKey> key)
    {
        key.ToTable("data_protection_keys");
        key.HasKey(k => k.Name);
        key.Property(k => k.Name).HasMaxLength(200);
    }
}
