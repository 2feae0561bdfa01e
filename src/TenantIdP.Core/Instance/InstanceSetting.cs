using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace TenantIdP.Core.Instance;

/// <summary>A fact about the installation, such as the canary that proves the root key.</summary>
public sealed class InstanceSetting(string name, string value)
{
    /// <summary>Holds a known text sealed with the root key in use when the database was made.</summary>
    public const string RootKeyCanary = "root_key_canary";

    public string Name { get; private set; } = name;
    public string Value { get; private set; } = value;

    public void Change(string value) => Value = value;
}

internal sealed class InstanceSettingMapping : IEntityTypeConfiguration<InstanceSetting>
{
    public void Configure(EntityTypeBuilder<InstanceSetting> setting)
    {
        setting.ToTable("instance_settings");
        setting.HasKey(s => s.Name);
        setting.Property(s => s.Name).HasMaxLength(64);
    }
}
