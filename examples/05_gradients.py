"""The renderer gives gradients: colours that were lost are found again from one picture."""

import dataclasses

import torch

import nvs

torch.manual_seed(0)
camera = nvs.Camera.from_focal(100.0, 96, 72)
count = 400
means = torch.rand(count, 3) * torch.tensor([1.6, 1.2, 1.0]) + torch.tensor([-0.8, -0.6, 1.5])
truth = nvs.Gaussians(
    means=means,
    quats=torch.randn(count, 4),
    scales=torch.full((count, 3), 0.05),
    opacities=torch.full((count,), 0.8),
    colors=torch.rand(count, 3),
)
wanted = nvs.render(truth, [camera]).rgb

colors = torch.full((count, 3), 0.5, requires_grad=True)
optimizer = torch.optim.Adam([colors], lr=0.05)
for step in range(61):
    seen = nvs.render(dataclasses.replace(truth, colors=colors), [camera]).rgb
    loss = (seen - wanted).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0:
        print(f"step {step}: {-10 * loss.log10().item():.1f} dB")
